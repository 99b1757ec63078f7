//! UTF-7, and UTF-16 and UTF-32 whose byte order nobody declared.

/// UTF-7 (RFC 2152), also where the closing `-` is missing; other bytes above 127 become U+FFFD.
#[must_use]
pub fn decode_7(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        at += 1;
        if b != b'+' {
            out.push(if b < 0x80 { char::from(b) } else { '\u{fffd}' });
            continue;
        }
        let len = bytes[at..].iter().take_while(|b| six(**b).is_some()).count();
        let run = &bytes[at..at + len];
        at += len;
        let closed = bytes.get(at) == Some(&b'-');
        at += usize::from(closed);
        if run.is_empty() {
            // `+-` is a plus, and so is a bare one.
            out.push('+');
            continue;
        }
        let (mut bits, mut count) = (0u32, 0u32);
        let units = run.iter().filter_map(|b| {
            bits = bits << 6 | six(*b)?;
            count += 6;
            (count >= 16).then(|| {
                count -= 16;
                let unit = u16::try_from(bits >> count & 0xffff).unwrap_or(0xfffd);
                bits &= (1 << count) - 1;
                unit
            })
        });
        out.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
    }
    out
}

fn six(b: u8) -> Option<u32> {
    Some(u32::from(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Big,
    Little,
}

/// UTF-16. A byte order mark decides, then `declared`, then where the zero bytes of spaces and Latin letters stand.
#[must_use]
pub fn decode_16(bytes: &[u8], declared: Option<Order>) -> String {
    let (order, bytes) = match bytes {
        [0xfe, 0xff, rest @ ..] => (Order::Big, rest),
        [0xff, 0xfe, rest @ ..] => (Order::Little, rest),
        _ => (declared.unwrap_or_else(|| likely_order(bytes)), bytes),
    };
    let units = bytes.chunks(2).map(|pair| match (order, pair) {
        (Order::Big, [a, b]) => u16::from_be_bytes([*a, *b]),
        (Order::Little, [a, b]) => u16::from_le_bytes([*a, *b]),
        _ => 0xfffd,
    });
    char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
}

fn likely_order(bytes: &[u8]) -> Order {
    let count = |high: usize| bytes.chunks_exact(2).filter(|p| p[high] == 0 && p[1 - high] != 0).count();
    if count(0) >= count(1) { Order::Big } else { Order::Little }
}

/// UTF-32, by the same rule.
#[must_use]
pub fn decode_32(bytes: &[u8], declared: Option<Order>) -> String {
    let (order, bytes) = match bytes {
        [0, 0, 0xfe, 0xff, rest @ ..] => (Order::Big, rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => (Order::Little, rest),
        [0, ..] => (declared.unwrap_or(Order::Big), bytes),
        _ => (declared.unwrap_or(Order::Little), bytes),
    };
    let decode = |unit: &[u8]| {
        let unit: [u8; 4] = unit.try_into().ok()?;
        char::from_u32(if order == Order::Big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) })
    };
    bytes.chunks(4).map(|unit| decode(unit).unwrap_or('\u{fffd}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(decode_7(bytes), expect, "{bytes:?}");
        check(b"V+AOQ-ska", "Väska");
        check(b"V+AOQ ska", "Vä ska");
        check(b"1 +- 1 + 1", "1 + 1 + 1");
        check(b"+2D3eAA", "😀");
        check(b"+AOQA5Q", "äå");
        check(b"+2D0-", "\u{fffd}");
        check(b"\xe4+", "\u{fffd}+");
    }

    #[test]
    fn wide() {
        assert_eq!(decode_16(b"\xff\xfea\0\xe4\0", Some(Order::Big)), "aä");
        assert_eq!(decode_16(b"\0a\0\xe4", None), "aä");
        assert_eq!(decode_16(b"a\0\xe4\0", None), "aä");
        assert_eq!(decode_16(b"\xd8\x3d\xde\0x", Some(Order::Big)), "😀\u{fffd}");
        assert_eq!(decode_32(b"\0\0\0a\0\x01\xf6\0", None), "a😀");
        assert_eq!(decode_32(b"a\0\0\0\0\xf6\x01\0x", Some(Order::Little)), "a😀\u{fffd}");
        assert_eq!(decode_32(b"\xff\xff\xff\xff", None), "\u{fffd}");
    }
}
