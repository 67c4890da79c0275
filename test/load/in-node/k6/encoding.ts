// k6/encoding: base64 with padding.
export default {
  b64decode: (text: string, _variant: "std"): ArrayBuffer =>
    Uint8Array.from(Buffer.from(text, "base64")).buffer,
};
