import type { JSX } from 'preact'

/** Icons are drawn for the eye only: the control that has one has a name. */
const PATHS = {
  pause: 'M6 4v12M14 4v12',
  play: 'M6 3.5v13l10.5-6.5z',
  export: 'M10 3v9m0 0 3.5-3.5M10 12 6.5 8.5M4 14v2.5h12V14',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  sun: 'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M16 4l-1.4 1.4M5.4 14.6 4 16',
  moon: 'M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3z',
  search: 'M8.5 3.5a5 5 0 1 0 0 10 5 5 0 0 0 0-10M12.5 12.5l4 4',
  refresh: 'M16 10a6 6 0 1 1-1.8-4.3M16 3v3.5h-3.5',
  snow: 'M10 2v16M3 6l14 8M17 6 3 14',
  skull: 'M4.5 4.5l11 11M15.5 4.5l-11 11',
  plug: 'M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3',
  stop: 'M5 5h10v10H5z',
  send: 'M3 10h13m0 0-5-5m5 5-5 5',
  clock: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M10 5.5V10l3 2',
  compass: 'M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M13 7l-2 4-4 2 2-4z',
  people:
    'M7 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M2.5 16c0-3 2-4.5 4.5-4.5s4.5 1.5 4.5 4.5M13.5 9.5a2 2 0 1 0 0-4M14 12c2.2.2 3.5 1.6 3.5 4',
  check: 'M4 10.5l4 4 8-9',
  close: 'M5 5l10 10M15 5 5 15',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  target: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4',
  book: 'M4 4h5a2 2 0 0 1 2 2v11a2 2 0 0 0-2-1.5H4zM16 4h-3a2 2 0 0 0-2 2v11a2 2 0 0 1 2-1.5h3z',
} as const

export type IconName = keyof typeof PATHS

export const Icon = ({ name }: { readonly name: IconName }): JSX.Element => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
)

export const Logo = (): JSX.Element => (
  <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect class="logo-ground" width="32" height="32" rx="9" />
    <path class="logo-bow" d="M10.5 15v-3a5.5 5.5 0 0 1 11 0v3" />
    <rect class="logo-body" x="7" y="14.5" width="18" height="11.5" rx="3" />
    <path class="logo-key" d="M12.5 20.2h7m0 0-2.4-2.2m2.4 2.2-2.4 2.2" />
  </svg>
)
