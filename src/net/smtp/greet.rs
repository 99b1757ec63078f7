//! The few lines in the clear before STARTTLS, read byte by byte, so that nothing sent ahead of the handshake survives it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::{SmtpError, clip};
use crate::net::Account;
use crate::net::stream::{Stream, Timeouts};

/// The longest reply in the clear, in bytes.
const REPLY_BYTES: usize = 64 * 1024;

/// Greeting, EHLO, STARTTLS and the handshake.
pub(super) async fn starttls(
    mut stream: Stream,
    account: &Account,
    helo: &str,
    limits: &Timeouts,
) -> Result<Stream, SmtpError> {
    let in_the_clear = timeout(limits.command, async {
        expect(&mut stream, "the greeting", 220).await?;
        stream.write_all(format!("EHLO {helo}\r\n").as_bytes()).await.map_err(lost)?;
        // Its words are not believed; they are asked for again under TLS.
        let offers = expect(&mut stream, "EHLO", 250).await?;
        if !offers.to_ascii_uppercase().split('\n').any(|line| line.get(4..).is_some_and(|l| l.trim() == "STARTTLS")) {
            return Err(SmtpError::Tls(format!("{} does not offer STARTTLS on port {}", account.host, account.port)));
        }
        stream.write_all(b"STARTTLS\r\n").await.map_err(lost)?;
        match expect(&mut stream, "STARTTLS", 220).await {
            Err(SmtpError::Refused { code, text, .. }) if code >= 500 => {
                Err(SmtpError::Tls(format!("{} refused STARTTLS: {code} {text}", account.host)))
            }
            other => other.map(drop),
        }
    });
    in_the_clear.await.map_err(|_| SmtpError::Network(format!("{} does not answer: timed out", account.host)))??;
    let secured = timeout(limits.connect, stream.secure(account)).await;
    Ok(secured
        .map_err(|_| SmtpError::Network(format!("{} did not finish the TLS handshake in time", account.host)))??)
}

/// Reads one reply, all of its lines, and not a byte more.
async fn expect(stream: &mut Stream, step: &'static str, wanted: u16) -> Result<String, SmtpError> {
    let mut reply = Vec::new();
    let mut line_start = 0;
    loop {
        let byte = stream.read_u8().await.map_err(lost)?;
        reply.push(byte);
        if reply.len() > REPLY_BYTES {
            return Err(SmtpError::Network(format!("{step}: an endless reply")));
        }
        if byte != b'\n' {
            continue;
        }
        let line = &reply[line_start..];
        let code = std::str::from_utf8(line.get(..3).unwrap_or_default()).ok().and_then(|c| c.parse::<u16>().ok());
        let Some(code) = code.filter(|code| (200..600).contains(code)) else {
            return Err(SmtpError::Network(format!(
                "{step}: this is no SMTP: {}",
                clip(&String::from_utf8_lossy(line))
            )));
        };
        if line.get(3) == Some(&b'-') {
            line_start = reply.len();
            continue;
        }
        let text = String::from_utf8_lossy(&reply).into_owned();
        if code != wanted {
            let words = clip(text.get(4..).unwrap_or_default());
            return Err(SmtpError::Refused { step, code, text: words });
        }
        return Ok(text);
    }
}

fn lost(error: std::io::Error) -> SmtpError {
    SmtpError::Network(format!("the server closed the connection: {error}"))
}
