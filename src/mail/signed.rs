//! Signed mail whose text lies inside the signature: S/MIME of one piece (RFC 8551, 3.5.2) and OpenPGP's clear text (RFC 9580, 7).
//!
//! Nothing is verified: who vouches for a letter is the mail server's word, not ours.

/// How deep DER values are walked into.
const MAX_DEPTH: usize = 8;

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const COMPRESSED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 9];

/// What an `application/pkcs7-mime` part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// Signed: the MIME entity that was signed.
    Signed(Vec<u8>),
    /// Certificates without content, compressed, or not readable.
    Other,
    Encrypted,
}

/// Opens a CMS message (RFC 5652) as far as it takes no key.
#[must_use]
pub fn open(der: &[u8]) -> Envelope {
    let Some(outer) = Value::first(der).filter(|v| v.tag == 0x30) else { return Envelope::Other };
    let mut parts = outer.children();
    let Some(kind) = parts.next().filter(|v| v.tag == 0x06) else { return Envelope::Other };
    if kind.content == COMPRESSED_DATA {
        return Envelope::Other;
    }
    if kind.content != SIGNED_DATA {
        return Envelope::Encrypted;
    }
    content(parts).map_or(Envelope::Other, Envelope::Signed)
}

/// `[0] { SignedData { version, digests, encapContentInfo { type, [0] { octets } }, … } }`
fn content<'a>(mut parts: impl Iterator<Item = Value<'a>>) -> Option<Vec<u8>> {
    let signed_data = parts.next().filter(|v| v.tag == 0xa0)?.children().next().filter(|v| v.tag == 0x30)?;
    let encapsulated = signed_data.children().nth(2).filter(|v| v.tag == 0x30)?;
    let octets = encapsulated.children().nth(1).filter(|v| v.tag == 0xa0)?.children().next()?;
    let mut out = Vec::new();
    octets.octets(0, &mut out)?;
    (!out.is_empty()).then_some(out)
}

/// One value of BER, of definite or indefinite length.
struct Value<'a> {
    tag: u8,
    content: &'a [u8],
}

impl<'a> Value<'a> {
    fn first(data: &'a [u8]) -> Option<Self> {
        Self::split(data, 0).map(|(value, _)| value)
    }

    /// The first value and what follows it. What is cut off is taken as far as it goes.
    fn split(data: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let (&tag, rest) = data.split_first()?;
        let (&length, rest) = rest.split_first()?;
        // Tags of more than one byte occur nowhere here.
        if tag & 0x1f == 0x1f || depth > MAX_DEPTH {
            return None;
        }
        if length == 0x80 {
            // Up to the end-of-contents mark that is its own.
            let mut at = rest;
            while !at.starts_with(&[0, 0]) && !at.is_empty() {
                at = Self::split(at, depth + 1)?.1;
            }
            let content = &rest[..rest.len() - at.len()];
            return Some((Self { tag, content }, at.get(2..).unwrap_or_default()));
        }
        let (length, rest) = if length < 0x80 {
            (usize::from(length), rest)
        } else {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f)).filter(|(b, _)| b.len() <= 4)?;
            (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
        };
        let (content, rest) = rest.split_at(length.min(rest.len()));
        Some((Self { tag, content }, rest))
    }

    fn children(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let mut rest = self.content;
        std::iter::from_fn(move || {
            let (value, after) = Value::split(rest, 0)?;
            rest = after;
            Some(value)
        })
    }

    /// The bytes of an octet string, which may itself be made of such.
    fn octets(&self, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        match self.tag {
            0x04 => out.extend_from_slice(self.content),
            0x24 if depth < MAX_DEPTH => {
                for child in self.children() {
                    child.octets(depth + 1, out)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// The text between the lines of OpenPGP's clear-text signature, with what stands around it; `None` if there is none.
#[must_use]
pub fn clear_text(text: &str) -> Option<String> {
    const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
    const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
    const END: &str = "-----END PGP SIGNATURE-----";
    if !text.contains(BEGIN) {
        return None;
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let find = |mark: &str, from: usize| lines[from..].iter().position(|l| l.trim_end() == mark).map(|n| from + n);
    let begin = find(BEGIN, 0)?;
    let signature = find(SIGNATURE, begin)?;
    let end = find(END, signature)?;
    // `Hash: SHA256` and a blank line.
    let body =
        lines[begin + 1..signature].iter().position(|l| l.trim().is_empty()).map_or(signature, |n| begin + n + 2);
    let mut out: Vec<&str> = lines[..begin].to_vec();
    out.extend(lines[body..signature].iter().map(|l| l.strip_prefix("- ").unwrap_or(l)));
    out.extend(&lines[end + 1..]);
    Some(out.join("\n"))
}

/// Whether the text is nothing but a message that somebody encrypted with OpenPGP.
#[must_use]
pub fn is_armored(text: &str) -> bool {
    text.trim_start().starts_with("-----BEGIN PGP MESSAGE-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend(u16::try_from(content.len()).unwrap_or(0).to_be_bytes());
        out.extend(content);
        out
    }

    fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn message(wrap: fn(u8, &[u8]) -> Vec<u8>, kind: &[u8], octets: &[u8]) -> Vec<u8> {
        let encapsulated = wrap(0x30, &[der(6, &[1, 7, 1]), wrap(0xa0, octets)].concat());
        let signed = wrap(0x30, &[der(2, &[1]), der(0x31, &[]), encapsulated, der(0x31, b"x")].concat());
        wrap(0x30, &[der(6, kind), wrap(0xa0, &signed)].concat())
    }

    #[test]
    fn signed_data_is_opened() {
        let check = |der: &[u8], expect: Envelope| assert_eq!(open(der), expect, "{der:?}");
        let signed = || Envelope::Signed(b"Content-Type: text/plain\n\nHej".to_vec());
        let text = b"Content-Type: text/plain\n\nHej";
        check(&message(der, SIGNED_DATA, &der(4, text)), signed());
        let pieces = ber(0x24, &[der(4, &text[..9]), der(4, &text[9..])].concat());
        check(&message(ber, SIGNED_DATA, &pieces), signed());
        check(&message(der, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3], b"x"), Envelope::Encrypted);
        check(&message(der, COMPRESSED_DATA, b"x"), Envelope::Other);
        check(b"", Envelope::Other);
        check(b"no DER", Envelope::Other);
        check(&[0x30, 0x80].repeat(100_000), Envelope::Other);
        check(&[0x24, 0x80].repeat(100_000), Envelope::Other);
        let whole = message(ber, SIGNED_DATA, &pieces);
        for end in 0..whole.len() {
            let _ = open(&whole[..end]);
        }
    }

    #[test]
    fn clear_text_is_bared() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(clear_text(text).as_deref(), expect, "{text:?}");
        check(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHej\n- - punkt\n-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\nfot",
            Some("Hej\n- punkt\nfot"),
        );
        check("-----BEGIN PGP SIGNED MESSAGE-----\nHej", None);
        check("Hej", None);
    }
}
