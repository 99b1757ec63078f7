//! Hands mail to a program that takes it as sendmail(8) does: recipients as arguments, the mail on stdin, the verdict in
//! the exit status (sysexits.h).

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::outdir::with_lf;
use super::{Delivery, Wire};
use crate::model::{Address, one_line};

/// Exit statuses that stand for a refusal for good; all others but 0 are worth another try. With their names in
/// sysexits.h.
const FOR_GOOD: [(i32, &str); 5] = [
    (64, "EX_USAGE: the command was not understood"),
    (65, "EX_DATAERR: the mail is not accepted as it is"),
    (67, "EX_NOUSER: no such recipient"),
    (68, "EX_NOHOST: no such host"),
    (77, "EX_NOPERM: not allowed"),
];

/// What a program says about its failure, in bytes.
const COMPLAINT_BYTES: u64 = 4096;
/// How long the pipes of a program that has ended are still emptied.
const GRACE: Duration = Duration::from_millis(500);

/// Runs `command -f SENDER -- RECIPIENTS…`; after `limit` it is killed. One status speaks for all recipients.
pub async fn send(command: &[String], wire: &Wire, limit: Duration) -> Vec<(Address, Delivery)> {
    let fate = match timeout(limit, run(command, wire)).await {
        Ok(fate) => fate,
        Err(_) => Delivery::Deferred { reply: format!("the program did not end within {} s: killed", limit.as_secs()) },
    };
    wire.to.iter().map(|to| (to.clone(), fate.clone())).collect()
}

async fn run(command: &[String], wire: &Wire) -> Delivery {
    let Some((program, arguments)) = command.split_first() else {
        return Delivery::Deferred { reply: "no program to hand mail to".to_owned() };
    };
    let failed = |what: &str, e: &std::io::Error| Delivery::Deferred { reply: format!("{program}: {what}: {e}") };
    let mut ready = Command::new(program);
    ready.args(arguments).arg("-f").arg(wire.from.as_ref().map_or("<>", Address::as_str)).arg("--");
    ready.args(wire.to.iter().map(Address::as_str));
    ready.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = match ready.spawn() {
        Ok(child) => child,
        Err(e) => return failed("cannot be started", &e),
    };
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    // Both at once: a program that complains at length before it reads must not be waited for.
    let listening = tokio::spawn(async move {
        let mut complaint = Vec::new();
        if let Some(mut stderr) = stderr {
            drop((&mut stderr).take(COMPLAINT_BYTES).read_to_end(&mut complaint).await);
            // What comes beyond is thrown away, so that the program can end.
            drop(tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await);
        }
        complaint
    });
    let mail = with_lf(&wire.bytes);
    let feeding = tokio::spawn(async move {
        let Some(mut stdin) = stdin else { return Ok(()) };
        stdin.write_all(&mail).await?;
        stdin.shutdown().await
    });
    let (stop_feeding, stop_listening) = (feeding.abort_handle(), listening.abort_handle());
    let ended = child.wait().await;
    // A program may leave another in the background that keeps its pipes; the verdict is there all the same.
    let fed = timeout(GRACE, feeding).await;
    let complaint = timeout(GRACE, listening).await;
    stop_feeding.abort();
    stop_listening.abort();
    let fed = match fed {
        Ok(Ok(fed)) => fed,
        _ => Err(std::io::ErrorKind::BrokenPipe.into()),
    };
    let complaint = complaint.ok().and_then(Result::ok).unwrap_or_default();
    let status = match ended {
        Ok(status) => status,
        Err(e) => return failed("its end is unknown", &e),
    };
    let words = one_line(&String::from_utf8_lossy(&complaint));
    match (status.code(), fed) {
        (Some(0), Ok(())) => Delivery::Accepted { reply: format!("{program} took it") },
        // It cannot have had the whole mail.
        (Some(0), Err(e)) => failed("it did not read the mail to its end", &e),
        (Some(code), _) => match FOR_GOOD.iter().find(|(status, _)| *status == code) {
            Some((_, name)) => {
                Delivery::Refused { reply: format!("{program}: {code} {name} {words}").trim().to_owned() }
            }
            None => Delivery::Deferred { reply: format!("{program}: exit status {code} {words}").trim().to_owned() },
        },
        (None, _) => Delivery::Deferred { reply: format!("{program}: {status} {words}").trim().to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn wire(from: Option<&str>, size: usize) -> Wire {
        Wire {
            from: from.and_then(Address::parse),
            to: vec![Address::parse("a@kund.test").unwrap(), Address::parse("-b@kund.test").unwrap()],
            bytes: Arc::new([b"Subject: x\r\n\r\n".to_vec(), vec![b'x'; size]].concat()),
        }
    }

    async fn check(script: &str, expect: &str) {
        let command = ["sh", "-c", script, "sendmail"].map(ToOwned::to_owned);
        let fates = send(&command, &wire(Some("s@example.test"), 200_000), Duration::from_secs(5)).await;
        assert_eq!(fates.len(), 2);
        let told = format!("{:?}", fates[0].1);
        assert!(told.starts_with(expect), "{script}: {told}");
    }

    #[tokio::test]
    async fn the_exit_status_is_the_verdict() {
        check("cat >/dev/null", "Accepted").await;
        check("cat >/dev/null; exit 75", "Deferred").await;
        check("cat >/dev/null; exit 1", "Deferred").await;
        check("cat >/dev/null; exit 69", "Deferred").await;
        check("cat >/dev/null; exit 67", "Refused { reply: \"sh: 67 EX_NOUSER").await;
        check("cat >/dev/null; echo okänd >&2; exit 65", "Refused { reply: \"sh: 65 EX_DATAERR").await;
        check("exit 0", "Deferred { reply: \"sh: it did not read").await;
        check("kill -9 $$", "Deferred").await;
        check("cat >/dev/null; sleep 3 & exit 0", "Accepted").await;
        check("yes | head -c 300000 >&2; cat >/dev/null; exit 77", "Refused").await;
        let fates = send(&["/no/such/program".to_owned()], &wire(None, 1), Duration::from_secs(5)).await;
        assert!(
            matches!(&fates[0].1, Delivery::Deferred { reply } if reply.contains("cannot be started")),
            "{fates:?}"
        );
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed() {
        let command = ["sh", "-c", "exec sleep 60", "sendmail"].map(ToOwned::to_owned);
        let fates = send(&command, &wire(None, 1), Duration::from_millis(300)).await;
        assert!(matches!(&fates[0].1, Delivery::Deferred { reply } if reply.contains("killed")), "{fates:?}");
    }

    #[tokio::test]
    async fn it_gets_sender_recipients_and_mail() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let script = format!("{{ for a; do echo \"$a\"; done; cat; }} > {}", out.display());
        for (from, name) in [(Some("s@example.test"), "s@example.test"), (None, "<>")] {
            let command = ["sh".to_owned(), "-c".to_owned(), script.clone(), "sendmail".to_owned(), "-i".to_owned()];
            send(&command, &wire(from, 3), Duration::from_secs(5)).await;
            let expect = format!("-i\n-f\n{name}\n--\na@kund.test\n-b@kund.test\nSubject: x\n\nxxx");
            assert_eq!(std::fs::read_to_string(&out).unwrap(), expect);
        }
    }
}
