import { MergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { viewingSetup } from './code-setup.ts'

/** Two JSON texts side by side, with what differs marked and the rest folded. */
export function DiffView({ a, b, labelA, labelB }: { a: string; b: string; labelA: string; labelB: string }) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const side = (doc: string, label: string) => ({
      doc,
      extensions: [viewingSetup(label), EditorState.readOnly.of(true), EditorView.lineWrapping],
    })
    const view = new MergeView({
      parent: host.current!,
      a: side(a, labelA),
      b: side(b, labelB),
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    })
    return () => view.destroy()
  }, [a, b, labelA, labelB])
  return <div ref={host} className="card code" style={{ maxHeight: '70vh' }} />
}
