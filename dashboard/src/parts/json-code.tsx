import { json } from '@codemirror/lang-json'
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { type CSSProperties, useEffect, useRef } from 'react'
import { READER } from './code-setup.ts'

const EXTENSIONS = [
  READER,
  json(),
  EditorState.readOnly.of(true),
  EditorView.contentAttributes.of({ 'aria-readonly': 'true', tabindex: '0' }),
  EditorView.theme({ '.cm-scroller': { maxHeight: 'var(--code-height)' } }),
]

/**
 * Read-only JSON in CodeMirror, which stays fast with megabytes. Loaded lazily by `JsonView`. `takesFocus`: when it first
 * comes, since what had the focus is gone.
 */
export function JsonCode(props: { text: string; label: string; maxHeight: number; takesFocus: boolean }) {
  const { text, label, maxHeight, takesFocus } = props
  const place = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  useEffect(() => {
    if (place.current === null) return
    const made = new EditorView({ parent: place.current, state: EditorState.create({ extensions: EXTENSIONS }) })
    view.current = made
    return () => {
      made.destroy()
      view.current = null
    }
  }, [])
  useEffect(() => {
    const current = view.current
    if (current === null || current.state.doc.toString() === text) return
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert: text } })
  }, [text])
  useEffect(() => view.current?.contentDOM.setAttribute('aria-label', label), [label])
  useEffect(() => {
    if (takesFocus) view.current?.focus()
  }, [takesFocus])
  return <div ref={place} className="code" style={{ '--code-height': `${maxHeight}px` } as CSSProperties} />
}
