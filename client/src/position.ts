// Positions: places in a log, `<epoch>-<seq>`, ordered as numbers and not as text.

/** Whether position `a` lies before position `b`. Both parts stay below 2^53. */
export function isBefore(a: string, b: string): boolean {
  const [epochA, seqA] = parts(a);
  const [epochB, seqB] = parts(b);
  return epochA === epochB ? seqA < seqB : epochA < epochB;
}

function parts(position: string): [number, number] {
  const [epoch, seq] = position.split("-");
  return [Number(epoch), Number(seq)];
}
