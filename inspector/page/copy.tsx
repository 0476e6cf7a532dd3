import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Icon } from './icons.js'

const SHOWN_MS = 2_000

/** Copies the name of a session, as the command `holdfast` takes it. */
export function Copy({ text }: { readonly text: string }): JSX.Element {
  const [copied, setCopied] = useState<string>()
  useEffect(() => {
    const timer = setTimeout(() => setCopied(undefined), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(text)
    } catch {
      // The browser does not allow it. The name stands beside the button.
    }
  }
  const isCopied = copied === text
  return (
    <button
      type="button"
      class="tool"
      title={`Copy ${text}, for holdfast show and holdfast watch`}
      aria-label={isCopied ? 'Copied' : `Copy ${text}`}
      onClick={() => void copy()}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
      <span aria-live="polite">{isCopied ? 'Copied' : 'Copy'}</span>
    </button>
  )
}
