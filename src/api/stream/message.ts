/** What a stream tells, in the form of either transport; the text is made once, however many clients get it. */
export class Message {
  private readonly event: string
  private readonly json: string
  private readonly id: string | undefined
  private bytes: Uint8Array | undefined
  private text: string | undefined

  /** `id` is what a client gives back as `Last-Event-ID` when it connects again. */
  constructor(event: string, data: unknown, id?: string) {
    this.event = event
    this.json = JSON.stringify(data)
    this.id = id
  }

  /** Characters of the data. */
  get length(): number {
    return this.json.length
  }

  /** As a Server-Sent Event. */
  get sse(): Uint8Array {
    const id = this.id === undefined ? '' : `id: ${this.id}\n`
    this.bytes ??= Buffer.from(`${id}event: ${this.event}\ndata: ${this.json}\n\n`)
    return this.bytes
  }

  /** As the message of a WebSocket. */
  get ws(): string {
    this.text ??= `{"event":"${this.event}","data":${this.json}}`
    return this.text
  }
}
