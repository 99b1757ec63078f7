//! Letters of 60 MB, and letters that are small on the way and would be endless where somebody unpacked or followed them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

const UNPACKED_BYTES: usize = 100 << 20;

/// The letter `storN@kund.test`, of 60 MB, in a file of this name.
pub fn big(n: usize) -> (String, Vec<u8>) {
    let mut raw = format!(
        "From: Stor {n} <stor{n}@kund.test>\nTo: kund1@example.test\nSubject: Stor {n}\nMessage-ID: <stor{n}@kund.test>\n\
         Date: Sat, 21 Nov 2026 10:00:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
         Content-Type: text/plain\n\nSe bilagan.\n--b\nContent-Type: application/zip; name=film.zip\n\
         Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=film.zip\n\n"
    )
    .into_bytes();
    let line = [[b'A'; 76].as_slice(), b"\n"].concat();
    while raw.len() < 60_000_000 {
        raw.extend_from_slice(&line);
    }
    raw.extend_from_slice(b"--b--\n");
    (format!("{}.M{n}P1.storm", 1_795_000_000 + n), raw)
}

/// Each kind once: a file's name and the letter `bombN@kund.test`, numbered from `first`.
pub fn bombs(first: usize) -> Vec<(String, Vec<u8>)> {
    bodies()
        .into_iter()
        .enumerate()
        .map(|(at, body)| {
            let n = first + at;
            let head = format!(
                "From: Bomb {n} <bomb{n}@kund.test>\nTo: kund1@example.test\nSubject: Bomb {n}\nMessage-ID: <bomb{n}@kund.test>\n\
                 Date: Sat, 21 Nov 2026 10:00:00 +0100\nMIME-Version: 1.0\n"
            );
            (format!("{}.M{n}P2.storm", 1_795_100_000 + n), [head.as_bytes(), &body].concat())
        })
        .collect()
}

/// What stands below the common headers.
fn bodies() -> Vec<Vec<u8>> {
    let mixed = |parts: &str| format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n");
    let attached = |name: &str, media_type: &str, data: &[u8]| {
        let encoded = data_encoding::BASE64_MIME.encode(data);
        mixed(&format!(
            "--b\nContent-Type: text/plain\n\nSe bilagan.\n--b\nContent-Type: {media_type}; name={name}\n\
             Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename={name}\n\n{encoded}\n"
        ))
    };
    let packed = packed();
    let deep: String =
        (0..10_000).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
    let references: String = (0..100_000).map(|i| format!(" <{i}.abcdefghijklmnopqrstuvwxyz@b.test>\n")).collect();
    let html = |body: &str| format!("Content-Type: text/html; charset=utf-8\n\n{body}\n");
    [
        attached("bilder.zip", "application/zip", &zip(&packed)),
        attached("rapport.gz", "application/gzip", &packed),
        attached("zip-i-zip.zip", "application/zip", &zip(&zip(&packed))),
        deep,
        mixed(&"--b\n\nx\n".repeat(100_000)),
        "Content-Type: message/rfc822\n\n".repeat(50_000),
        html(&"<div><blockquote type=cite>".repeat(50_000)),
        html(&format!("<table>{}", "<tr><td><table>".repeat(30_000))),
        format!("References:{references}\nHej\n"),
        format!("Content-Transfer-Encoding: base64\n\n{}\n", "QUJD".repeat(1_000_000)),
    ]
    .map(String::into_bytes)
    .into()
}

/// A hundred kilobytes that unpack to a hundred megabytes.
fn packed() -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::best());
    let nothing = vec![0; 1 << 20];
    for _ in 0..UNPACKED_BYTES / nothing.len() {
        packing.write_all(&nothing).expect("memory");
    }
    packing.finish().expect("memory")
}

/// An archive's first bytes around packed ones: enough for a program that opens what looks like one.
fn zip(packed: &[u8]) -> Vec<u8> {
    let size = u32::try_from(packed.len()).expect("a size").to_le_bytes();
    [
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00".as_slice(),
        &size,
        &size,
        b"\x01\0\0\0a",
        packed,
    ]
    .concat()
}
