// What both file formats agree on about attachments: the named contents inside a model file.

/** Bound on all attachments of a file together, uncompressed. */
export const MAX_ATTACHMENTS = 16 << 20;

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Tells whether an attachment may have a name.
 * @param {string} name
 */
export function isAttachmentName(name) {
  return NAME.test(name);
}

/**
 * A model file taken apart.
 * @typedef {object} Container
 * @property {Map<string, Uint8Array>} attachments content by name
 * @property {string} graphSha256 of all bytes that are no attachments
 */
