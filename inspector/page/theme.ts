/** The theme of the system, unless the visitor has chosen one. */
type Theme = 'light' | 'dark'

const KEY = 'holdfast-inspector-theme'
const system = matchMedia('(prefers-color-scheme: dark)')

export const theme = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light')

export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = theme()
  }
  apply()
  system.addEventListener('change', apply)
}

export function toggleTheme(): void {
  const next: Theme = theme() === 'dark' ? 'light' : 'dark'
  document.documentElement.dataset.theme = next
  try {
    localStorage.setItem(KEY, next)
  } catch {
    // A file has no storage.
  }
}

function chosen(): Theme | undefined {
  const { theme: shown } = document.documentElement.dataset
  if (shown === 'light' || shown === 'dark') return shown
  try {
    const stored = localStorage.getItem(KEY)
    return stored === 'light' || stored === 'dark' ? stored : undefined
  } catch {
    return undefined
  }
}
