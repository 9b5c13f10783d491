import { decodeMessage, hexIn, messagesIn, numberIn, textIn, type Message } from './protobuf.ts';

/** A span as a collector gets it. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | undefined;
  readonly attributes: Attributes;
  /** Of the process that has sent it. */
  readonly resource: Attributes;
  readonly isError: boolean;
  /** Ids of the spans that it names. */
  readonly links: readonly string[];
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

const KINDS: readonly CollectedSpan['kind'][] = [undefined, 'internal', 'server', 'client'];
const ERROR = 2;

/** @see opentelemetry-proto, "ExportTraceServiceRequest" */
export function decodeSpans(body: Buffer): CollectedSpan[] {
  return messagesIn(decodeMessage(body), 1).flatMap((resourceSpans) => {
    const [resource] = messagesIn(resourceSpans, 1);
    const attributes = attributesIn(resource, 1);
    return messagesIn(resourceSpans, 2)
      .flatMap((scope) => messagesIn(scope, 2))
      .map((span) => decodeSpan(span, attributes));
  });
}

function decodeSpan(span: Message, resource: Attributes): CollectedSpan {
  const [status] = messagesIn(span, 15);
  return {
    traceId: hexIn(span, 1),
    spanId: hexIn(span, 2),
    parentSpanId: hexIn(span, 4),
    name: textIn(span, 5) ?? '',
    kind: KINDS[numberIn(span, 6) ?? 0],
    attributes: attributesIn(span, 9),
    resource,
    isError: numberIn(status, 3) === ERROR,
    links: messagesIn(span, 13).map((link) => hexIn(link, 2)),
  };
}

function attributesIn(message: Message | undefined, field: number): Attributes {
  const pairs = messagesIn(message, field).map((pair) => {
    const [value] = messagesIn(pair, 2);
    return [textIn(pair, 1) ?? '', textIn(value, 1) ?? numberIn(value, 2) ?? numberIn(value, 3)] as const;
  });
  return Object.fromEntries(pairs);
}
