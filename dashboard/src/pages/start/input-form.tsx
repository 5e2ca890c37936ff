import { Form } from '@rjsf/mantine'
import { type RJSFSchema, toErrorSchema, type UiSchema } from '@rjsf/utils'
import { useMemo } from 'react'
import { schemaValidator } from './schema-validator.ts'

/** What the page's own button does: the form has none. */
const PLAIN: UiSchema = { 'ui:submitButtonOptions': { norender: true } }

/** The fields of an `input_schema`. `faults`: what the API refused of the value, by JSON Pointers into it. */
export function InputForm(props: {
  schema: unknown
  value: unknown
  faults: readonly { path: string; message: string }[]
  onChange: (value: unknown) => void
}) {
  const { faults } = props
  const refused = useMemo(() => errorSchemaOf(faults), [faults])
  return (
    <Form
      tagName="div"
      schema={props.schema as RJSFSchema}
      uiSchema={PLAIN}
      formData={props.value}
      validator={schemaValidator}
      liveValidate
      extraErrors={refused}
      showErrorList={false}
      onChange={(event) => props.onChange(event.formData)}
    />
  )
}

function errorSchemaOf(faults: readonly { path: string; message: string }[]) {
  return toErrorSchema<unknown>(
    faults.map(({ path, message }) => ({ property: path.replaceAll('/', '.'), message, stack: message })),
  )
}
