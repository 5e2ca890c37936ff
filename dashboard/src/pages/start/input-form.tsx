import { Form } from '@rjsf/mantine'
import type { RJSFSchema, UiSchema } from '@rjsf/utils'
import { schemaValidator } from './schema-validator.ts'

/** What the page's own button does: the form has none. */
const PLAIN: UiSchema = { 'ui:submitButtonOptions': { norender: true } }

/** The fields of an `input_schema`. */
export function InputForm(props: { schema: unknown; value: unknown; onChange: (value: unknown) => void }) {
  return (
    <Form
      tagName="div"
      schema={props.schema as RJSFSchema}
      uiSchema={PLAIN}
      formData={props.value}
      validator={schemaValidator}
      liveValidate
      showErrorList={false}
      onChange={(event) => props.onChange(event.formData)}
    />
  )
}
