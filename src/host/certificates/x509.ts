import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'

/**
 * Writes the two structures of X.509 that Node does not: requests for certificates (PKCS #10) and
 * certificates that sign themselves, in DER (ITU-T X.690). Keys are of the curve P-256.
 */

const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const size = body.length
  const length =
    size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, Math.floor(size / 256), size % 256]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
const sequence = (...parts: Uint8Array[]): Buffer => tlv(0x30, ...parts)
const set = (...parts: Uint8Array[]): Buffer => tlv(0x31, ...parts)
const octets = (...parts: Uint8Array[]): Buffer => tlv(0x04, ...parts)
const bits = (bytes: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), bytes)
const integer = (...bytes: number[]): Buffer => tlv(0x02, Buffer.from(bytes))
const yes = tlv(0x01, Buffer.from([255]))

/** An object identifier; each number is below 2^21. */
function identifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const base128 = (value: number): number[] =>
    [14, 7, 0].flatMap((shift) => {
      const part = Math.floor(value / 2 ** shift)
      return part === 0 && shift > 0 ? [] : [(part % 128) + (shift > 0 ? 128 : 0)]
    })
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const ecdsaWithSha256 = sequence(identifier('1.2.840.10045.4.3.2'))

const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value))

const alternativeNames = (names: string[]): Buffer =>
  extension('2.5.29.17', false, sequence(...names.map((name) => tlv(0x82, Buffer.from(name)))))

const signed = (content: Buffer, key: KeyObject): Buffer =>
  sequence(content, ecdsaWithSha256, bits(sign('sha256', content, key)))

const publicKeyOf = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' })

/** A request for a certificate of the names, in DER (RFC 2986). */
export function certificateRequest(names: string[], key: KeyObject): Buffer {
  const wanted = sequence(
    identifier('1.2.840.113549.1.9.14'),
    set(sequence(alternativeNames(names))),
  )
  return signed(sequence(integer(0), sequence(), publicKeyOf(key), tlv(0xa0, wanted)), key)
}

/** The digest by which a certificate proves a name (RFC 8737 §3). */
export const proofExtension = (digest: Uint8Array): Buffer =>
  extension('1.3.6.1.5.5.7.1.31', true, octets(digest))

/** A certificate as PEM that signs itself. Times are in milliseconds since 1970. */
export function selfSigned(
  name: string,
  key: KeyObject,
  { begins, expires, extensions = [] }: { begins: number; expires: number; extensions?: Buffer[] },
): string {
  const common = tlv(0x0c, Buffer.from('Fairlead'))
  const issuer = sequence(set(sequence(identifier('2.5.4.3'), common)))
  const content = sequence(
    tlv(0xa0, integer(2)),
    integer(1, ...randomBytes(15)),
    ecdsaWithSha256,
    issuer,
    sequence(time(begins), time(expires)),
    issuer,
    publicKeyOf(key),
    tlv(0xa3, sequence(alternativeNames([name]), ...extensions)),
  )
  return pem('CERTIFICATE', signed(content, key))
}

/** Two digits for the year until 2049, four after it (RFC 5280 §4.1.2.5). */
function time(at: number): Buffer {
  const text = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`
  return text < '2050' ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text))
}

const pem = (label: string, der: Buffer): string => {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
