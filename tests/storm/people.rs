//! Customers who write and agents who answer, by way of a mail server that may be down: each tries until it was taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::desk::{address_in, field};

/// The lab's users who are agents here: with so many no notification is gathered into a list.
pub const AGENTS: std::ops::RangeInclusive<usize> = 2..=49;
/// Each so-manieth customer has an address that the server refuses.
const REFUSED_EVERY: usize = 15;

#[derive(Debug, Default)]
pub struct People {
    pub written: AtomicUsize,
    /// When the notification of which customer's mail was first seen.
    pub notified: Mutex<BTreeMap<usize, Instant>>,
    /// The customers whom an agent has answered.
    pub answered: Mutex<BTreeSet<usize>>,
    pub stop: AtomicBool,
}

pub fn customer(n: usize) -> String {
    if n % REFUSED_EVERY == 7 { format!("nej{n}@kund.test") } else { format!("k{n}@kund.test") }
}

pub fn is_refused(n: usize) -> bool {
    n % REFUSED_EVERY == 7
}

impl People {
    /// The next customer writes; her number.
    pub fn write(&self, port: u16, shop: &str) -> usize {
        let n = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        let from = customer(n);
        let raw = format!(
            "From: Kund {n} <{from}>\r\nTo: {shop}\r\nSubject: =?utf-8?q?Fr=C3=A5ga?= {n}\r\nMessage-ID: <t{n}@kund.test>\r\n\
             Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\nHej! Jag är kund nummer {n}. Var är det?\r\n"
        );
        hand_over(port, &from, shop, raw.as_bytes());
        n
    }

    /// Agents look into their mailboxes, and answer what they have not answered.
    pub fn answer(&self, port: u16, mail: &Path) {
        let mut seen = BTreeSet::new();
        while !self.stop.load(Ordering::SeqCst) {
            for agent in AGENTS {
                for (name, text) in fresh(&mail.join(format!("kund{agent}/Maildir")), &mut seen) {
                    let Some(n) = number_in(&text, "kund nummer ") else { continue };
                    if field(&text, "X-Svar-Ticket").is_empty() {
                        continue;
                    }
                    self.notified.lock().expect("no panic").entry(n).or_insert_with(Instant::now);
                    if !self.answered.lock().expect("no panic").insert(n) {
                        continue;
                    }
                    let from = format!("kund{agent}@example.test");
                    let to = address_in(&field(&text, "Reply-To"));
                    let id = field(&text, "Message-ID");
                    let raw = format!(
                        "Message-ID: <a{n}.{}@agent.test>\r\nDate: Sat, 21 Nov 2026 10:30:00 +0100\r\nMIME-Version: 1.0\r\nSubject: Re: {}\r\n\
                         To: {to}\r\nReferences: {id}\r\nFrom: Agent <{from}>\r\nIn-Reply-To: {id}\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
                         Detta är svaret till {n}.\r\n",
                        name.len(),
                        field(&text, "Subject"),
                    );
                    hand_over(port, &from, &to, raw.as_bytes());
                }
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }
}

/// The letters of a Maildir that were not seen before.
pub fn fresh(maildir: &Path, seen: &mut BTreeSet<PathBuf>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for sub in ["new", "cur"] {
        for entry in fs::read_dir(maildir.join(sub)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = maildir.join(name.split(":2,").next().unwrap_or_default());
            if seen.contains(&key) {
                continue;
            }
            if let Ok(bytes) = fs::read(entry.path()) {
                seen.insert(key);
                let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
                // Enough of quoted-printable for the words that are looked for.
                out.push((name, text.replace("=C3=A4", "ä").replace("=C3=A5", "å")));
            }
        }
    }
    out
}

pub fn number_in(text: &str, words: &str) -> Option<usize> {
    let rest = &text[text.find(words)? + words.len()..];
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Until the server has said yes. If the line is lost before it did, the same mail goes again, as any server does it.
pub fn hand_over(port: u16, from: &str, to: &str, raw: &[u8]) {
    let began = Instant::now();
    loop {
        match try_to_hand_over(port, from, to, raw) {
            Ok(()) => return,
            Err(why) => {
                assert!(began.elapsed() < Duration::from_secs(120), "the lab takes nothing from {from} to {to}: {why}")
            }
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn try_to_hand_over(port: u16, from: &str, to: &str, raw: &[u8]) -> Result<(), String> {
    let told = |e: std::io::Error| e.to_string();
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).map_err(told)?;
    let mut reader = BufReader::new(stream.try_clone().map_err(told)?);
    let mut writer = &stream;
    let dot = [raw, b".\r\n"].concat();
    let talk: [(&[u8], &str); 6] = [
        (b"", "220"),
        (b"HELO client.test\r\n", "250"),
        (&format!("MAIL FROM:<{from}>\r\n").into_bytes(), "250"),
        (&format!("RCPT TO:<{to}>\r\n").into_bytes(), "250"),
        (b"DATA\r\n", "354"),
        (&dot, "250"),
    ];
    for (line, expect) in talk {
        writer.write_all(line).map_err(told)?;
        let mut answer = String::new();
        while answer.is_empty() || answer.as_bytes().get(3) == Some(&b'-') {
            answer.clear();
            if reader.read_line(&mut answer).map_err(told)? == 0 {
                return Err("the line is lost".to_owned());
            }
        }
        if !answer.starts_with(expect) {
            return Err(answer);
        }
    }
    let _ = writer.write_all(b"QUIT\r\n");
    Ok(())
}
