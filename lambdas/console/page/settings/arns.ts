/** The form of ARNs, as the API checks it: a slip is seen before anything is sent. */

const STREAM = /^arn:(aws(?:-[a-z]+)*):kinesis:[a-z]{2,}(?:-[a-z]+)+-\d{1,2}:\d{12}:stream\/[a-zA-Z0-9_.-]{1,128}$/;
const ROLE = /^arn:(aws(?:-[a-z]+)*):iam::\d{12}:role\/(?:[\x21-\x2e\x30-\x7e]{1,500}\/)*[\w+=,.@-]{1,64}$/;
const MAX_ROLE = 2048;

/** What is wrong with each, or null. Nothing is wrong with what is still empty. */
export function faults(stream: string, role: string): { stream: string | null; role: string | null } {
  const [ofStream, ofRole] = [STREAM.exec(stream), ROLE.exec(role)];
  const differ = ofStream && ofRole && ofStream[1] !== ofRole[1];
  return {
    stream: stream && !ofStream ? "must be like arn:aws:kinesis:us-east-1:123456789012:stream/name" : null,
    role:
      role && (!ofRole || role.length > MAX_ROLE)
        ? "must be like arn:aws:iam::123456789012:role/name"
        : differ
          ? "must be in the same AWS partition as the stream"
          : null,
  };
}
