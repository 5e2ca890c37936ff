import { EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { editingSetup, viewingSetup } from './code-setup.ts'

/** Props of {@link CodeEditor}. */
interface CodeEditorProps {
  /** Name for screen readers. */
  label: string
  value: string
  /** Left out: the text can be read, searched and copied, not changed. Whether it is there must not change. */
  onChange?: (value: string) => void
  /** More of CodeMirror; asked once. */
  extensions?: () => Extension
  /** Id of the text that says what is wrong with the value, where something is. */
  errorId?: string | undefined
  /** CSS height; default: as high as the text, at most 60vh. */
  height?: string
}

/** A JSON text in CodeMirror. */
export function CodeEditor(props: CodeEditorProps) {
  const { value, errorId, height } = props
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const first = useRef(props)
  const listener = useRef(props.onChange)
  useEffect(() => {
    listener.current = props.onChange
  })

  useEffect(() => {
    const { label, value: doc, onChange, extensions } = first.current
    const isEditable = onChange !== undefined
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc,
        extensions: [
          isEditable ? editingSetup(label) : viewingSetup(label),
          EditorState.readOnly.of(!isEditable),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) listener.current?.(update.state.doc.toString())
          }),
          extensions?.() ?? [],
        ],
      }),
    })
    view.current = editor
    return () => {
      view.current = null
      editor.destroy()
    }
  }, [])

  useEffect(() => {
    const editor = view.current
    if (editor === null || editor.state.doc.toString() === value) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])

  useEffect(() => {
    const field = view.current?.contentDOM
    field?.setAttribute('aria-invalid', String(errorId !== undefined))
    if (errorId === undefined) field?.removeAttribute('aria-describedby')
    else field?.setAttribute('aria-describedby', errorId)
  }, [errorId])

  return <div ref={host} className="card code" style={height === undefined ? { maxHeight: '60vh' } : { height }} />
}
