//! A server that plays a script, line by line, however wrong the script is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use svar::net::{Account, Credential, Secret, Tls};

/// A server for one connection.
///
/// A line of the script is
/// - `S: words`, sent with CRLF; `{t}` is the tag of the last command heard, `\r \n \xE5` are what they look like;
/// - `S; words`, sent without a line end;
/// - `C: words`, a line from the client that begins with the words, for IMAP after its tag; the line is remembered;
/// - `L: 12`, that many bytes from the client, remembered;
/// - `D:`, a mail up to its dot, remembered;
/// - `hang`: silence until the client leaves. At its end the script closes the connection.
pub struct Rogue {
    pub account: Account,
    thread: JoinHandle<Result<Vec<String>, String>>,
}

impl Rogue {
    pub fn play(script: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let script: Vec<String> = script.lines().map(|l| l.trim_start().to_owned()).filter(|l| !l.is_empty()).collect();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().map_err(|e| e.to_string())?;
            drop(listener);
            play(&stream, &script)
        });
        let account = Account {
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::None,
            ca_file: None,
            user: "anna".to_owned(),
            credential: Some(Credential::Password(Secret::Command(vec!["echo".to_owned(), "hemlig".to_owned()]))),
            password_expires: None,
        };
        Self { account, thread }
    }

    /// What the client said, or where it left the script.
    pub fn heard(self) -> Result<Vec<String>, String> {
        self.thread.join().expect("no panic")
    }
}

fn play(stream: &TcpStream, script: &[String]) -> Result<Vec<String>, String> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|e| e.to_string())?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut heard = Vec::new();
    let mut tag = String::new();
    for step in script {
        let wrong = |what: &str| format!("at {step:?}: {what}");
        match step.split_at(step.len().min(2)) {
            ("S:" | "S;", words) => {
                let mut bytes = unescape(&words.trim_start().replace("{t}", &tag));
                if step.starts_with("S:") {
                    bytes.extend_from_slice(b"\r\n");
                }
                // A client that is gone already is no fault of the script.
                drop(writer.write_all(&bytes));
            }
            ("C:", words) => {
                let words = words.trim_start();
                let mut line = Vec::new();
                reader.read_until(b'\n', &mut line).map_err(|e| wrong(&e.to_string()))?;
                let line = String::from_utf8_lossy(&line).trim_end_matches("\r\n").to_owned();
                let after_tag = line.split_once(' ').filter(|(first, _)| first.starts_with('s'));
                let said = match after_tag {
                    Some((first, rest)) => {
                        first.clone_into(&mut tag);
                        rest.to_owned()
                    }
                    None => line.clone(),
                };
                if !said.starts_with(words) {
                    return Err(wrong(&format!("the client said {line:?}")));
                }
                heard.push(said);
            }
            ("L:", count) => {
                let mut bytes = vec![0; count.trim().parse().map_err(|_| wrong("no number"))?];
                reader.read_exact(&mut bytes).map_err(|e| wrong(&e.to_string()))?;
                heard.push(String::from_utf8_lossy(&bytes).into_owned());
            }
            ("D:", _) => {
                let mut mail = Vec::new();
                while !mail.ends_with(b"\r\n.\r\n") {
                    let mut line = Vec::new();
                    if reader.read_until(b'\n', &mut line).map_err(|e| wrong(&e.to_string()))? == 0 {
                        return Err(wrong("the client left"));
                    }
                    mail.extend_from_slice(&line);
                }
                heard.push(String::from_utf8_lossy(&mail).into_owned());
            }
            ("ha", "ng") => {
                let mut rest = Vec::new();
                drop(reader.read_to_end(&mut rest));
            }
            _ => return Err(wrong("no such step")),
        }
    }
    Ok(heard)
}

/// `\r`, `\n` and `\xE5` as bytes.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        rest = match after.as_bytes() {
            [b'r', ..] => {
                out.push(b'\r');
                &after[1..]
            }
            [b'n', ..] => {
                out.push(b'\n');
                &after[1..]
            }
            [b'x', ..] => {
                out.push(u8::from_str_radix(&after[1..3], 16).expect("two hex digits"));
                &after[3..]
            }
            _ => {
                out.push(b'\\');
                after
            }
        };
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
