//! Parts of the bench's letters: charsets, transfer encodings, multiparts, attachments.

use data_encoding::BASE64_MIME;

use crate::letters::{Random, encoded};
use crate::words::FILES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    Ascii,
    Latin1,
    Windows1252,
    Utf8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    SevenBit,
    EightBit,
    Quoted,
    Base64,
}

pub fn leaf(subtype: &str, text: &str, charset: Charset, coding: Coding) -> Vec<u8> {
    let charset = charset.that_holds(text);
    let bytes = charset.bytes(text);
    let longest = bytes.split(|b| *b == b'\n').map(<[u8]>::len).max().unwrap_or(0);
    let coding = match coding {
        Coding::SevenBit | Coding::EightBit if longest > 900 => Coding::Quoted,
        Coding::SevenBit if !bytes.is_ascii() => Coding::EightBit,
        coding => coding,
    };
    let mut out = format!(
        "Content-Type: text/{subtype}; charset=\"{}\"\nContent-Transfer-Encoding: {}\n\n",
        charset.name(),
        coding.name()
    )
    .into_bytes();
    match coding {
        Coding::SevenBit | Coding::EightBit => out.extend_from_slice(&bytes),
        Coding::Quoted => out.extend_from_slice(&quoted_printable(&bytes)),
        Coding::Base64 => out.extend_from_slice(&base64_lines(&bytes)),
    }
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
    out
}

pub fn multipart(r: &mut Random, kind: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let boundary = format!("----=_Part_{}", r.token(24));
    let mut out = format!("Content-Type: multipart/{kind};\n boundary=\"{boundary}\"\n\n").into_bytes();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\n").as_bytes());
        out.extend_from_slice(part);
        out.push(b'\n');
    }
    out.extend_from_slice(format!("--{boundary}--\n").as_bytes());
    out
}

pub fn attachment(r: &mut Random) -> Vec<u8> {
    let (kind, pattern, usual_kb) = *r.one(FILES);
    let name = r.filled(pattern);
    let size = (r.log_normal(0.0, 0.7) * f64::from(usual_kb)).clamp(20.0, 500.0) as usize * 1000;
    let data = if kind == "text/csv" {
        (0..size / 20).map(|row| format!("{row};{};{}\n", r.token(9), row % 9)).collect::<String>().into_bytes()
    } else {
        r.bytes(size)
    };
    let (in_type, in_disposition) = if name.is_ascii() {
        (format!("name=\"{name}\""), format!("filename=\"{name}\""))
    } else if r.percent(50) {
        let coded: String = name
            .bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"._-".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        (format!("name*=UTF-8''{coded}"), format!("filename*=UTF-8''{coded}"))
    } else {
        let coded = encoded(r, &name, Charset::Utf8);
        (format!("name=\"{coded}\""), format!("filename=\"{coded}\""))
    };
    let mut out = format!(
        "Content-Type: {kind};\n {in_type}\nContent-Disposition: attachment;\n {in_disposition}\nContent-Transfer-Encoding: base64\n\n"
    )
    .into_bytes();
    out.extend_from_slice(&base64_lines(&data));
    out
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    BASE64_MIME.encode(bytes).into_bytes().into_iter().filter(|b| *b != b'\r').collect()
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 5 / 4);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let (line, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |line| (line, &b"\n"[..]));
        let mut width = 0;
        for (at, &b) in line.iter().enumerate() {
            let is_last = at + 1 == line.len();
            let plain = (b' '..=b'~').contains(&b) && b != b'=' && !(b == b' ' && is_last);
            let coded = if plain { vec![b] } else { format!("={b:02X}").into_bytes() };
            if width + coded.len() > 75 {
                out.extend_from_slice(b"=\n");
                width = 0;
            }
            width += coded.len();
            out.extend_from_slice(&coded);
        }
        out.extend_from_slice(end);
    }
    out
}

impl Charset {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "us-ascii",
            Self::Latin1 => "iso-8859-1",
            Self::Windows1252 => "windows-1252",
            Self::Utf8 => "utf-8",
        }
    }

    /// This one, or UTF-8 where it has no room for the text.
    pub fn that_holds(self, text: &str) -> Self {
        let fits = match self {
            Self::Ascii => text.is_ascii(),
            Self::Latin1 => text.chars().all(|c| u32::from(c) < 256),
            Self::Windows1252 => !encoding_rs::WINDOWS_1252.encode(text).2,
            Self::Utf8 => true,
        };
        if fits { self } else { Self::Utf8 }
    }

    pub fn bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Ascii | Self::Utf8 => text.as_bytes().to_vec(),
            Self::Latin1 => text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
            Self::Windows1252 => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
        }
    }
}

impl Coding {
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Quoted => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    pub const fn for_html(self) -> Self {
        match self {
            Self::Base64 => Self::Base64,
            _ => Self::Quoted,
        }
    }
}
