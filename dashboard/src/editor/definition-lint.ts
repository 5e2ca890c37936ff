import { jsonParseLinter } from '@codemirror/lang-json'
import { linter, lintGutter, type Diagnostic } from '@codemirror/lint'
import type { Extension } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { sendJson } from '../api/client.ts'
import type { Validation } from '../api/shapes.ts'
import { rangeOfPointer } from './json-places.ts'

/** How long nothing must be written before the server is asked. */
const QUIET_MS = 350

/** How long after the server could not be asked it is asked again. */
const AGAIN_MS = 3_000

/** What is wrong with a definition: places are positions in its text. */
export interface DefinitionProblem {
  code: string
  message: string
  /** JSON Pointer; '' for the text as a whole. */
  path: string
  from: number
}

/** What is known of the text: null while the server is asked. */
export type DefinitionReport = { problems: DefinitionProblem[]; plan: Validation['plan'] } | null

function validate(text: string): Promise<Validation | Error> {
  return sendJson<Validation>('POST', 'workflows/validate', JSON.parse(text)).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  )
}

/** Marks what the API finds wrong with the definition in the editor; `report` learns it, too. */
export function definitionLint(report: (found: DefinitionReport) => void): Extension {
  const parse = jsonParseLinter()
  const check = async (view: EditorView): Promise<Diagnostic[]> => {
    const [syntax] = parse(view)
    if (syntax !== undefined) {
      report({ problems: [{ code: 'syntax', message: syntax.message, path: '', from: syntax.from }], plan: null })
      return [syntax]
    }
    report(null)
    const text = view.state.doc.toString()
    const isSame = () => view.state.doc.toString() === text
    let answer = await validate(text)
    while (answer instanceof Error && isSame()) {
      const message = `It could not be checked, which is tried again: ${answer.message}`
      report({ problems: [{ code: 'unchecked', message, path: '', from: 0 }], plan: null })
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      if (isSame()) answer = await validate(text)
    }
    if (answer instanceof Error || !isSame()) return []
    const problems = answer.errors.map((error) => ({ ...error, ...rangeOfPointer(view.state, error.path) }))
    report({ problems, plan: answer.plan })
    return problems.map(({ from, to, code, message }) => ({ from, to, severity: 'error', source: code, message }))
  }
  return [linter(check, { delay: QUIET_MS }), lintGutter()]
}
