import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { bracketMatching, indentOnInput } from '@codemirror/language'
import { lintKeymap } from '@codemirror/lint'
import type { Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap } from '@codemirror/view'
import { READER } from '../parts/code-setup.ts'

const look = EditorView.theme({
  '&': { height: '100%' },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--tone-blue-bg) 40%, transparent)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--tone-blue-bg)',
    color: 'var(--tone-blue-fg)',
  },
  '&.cm-merge-a .cm-changedLine': { backgroundColor: 'var(--tone-red-bg) !important' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--tone-green-bg) !important' },
})

/** JSON to read, with a name for screen readers. */
export function viewingSetup(label: string): Extension[] {
  return [
    READER,
    json(),
    bracketMatching(),
    look,
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ]
}

/** {@link viewingSetup}, and what writing needs. Tab leaves the editor (WCAG 2.1.2); lines indent themselves, and by Ctrl-]. */
export function editingSetup(label: string): Extension[] {
  return [
    viewingSetup(label),
    drawSelection(),
    history(),
    indentOnInput(),
    closeBrackets(),
    highlightActiveLine(),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
  ]
}
