//! IMAP against Dovecot.

use std::time::Duration;

use svar::model::Time;
use svar::net::imap::{AppendUid, Flag, IdleEnd, ImapError, Item, Session, Special, feed};
use svar::net::{Account, Credential, Fetched, Secret, Tls};

use crate::{BRISK, PATIENT, lab};

async fn open(user: &str) -> Session {
    Session::connect(&lab::shared().imap(user, Tls::Implicit), PATIENT).await.expect("a session")
}

/// Fetches and takes at the same time, as the daemon does.
async fn fetch_all(session: &mut Session, uids: &[u32], limit_bytes: u64, bound_bytes: u32) -> Vec<Item> {
    let (sink, mut feed) = feed(bound_bytes);
    let take = async {
        let mut items = Vec::new();
        while let Some(item) = feed.next().await {
            items.push(item);
        }
        items
    };
    let fetch = async {
        let ended = session.fetch(uids, limit_bytes, &sink).await;
        drop(sink);
        ended
    };
    let (ended, items) = tokio::join!(fetch, take);
    ended.expect("the fetch ends well");
    items
}

fn letter(item: &Item) -> &Fetched {
    match item {
        Item::Letter(letter) => letter,
        Item::Missing(uid) => panic!("{uid} is missing"),
    }
}

#[tokio::test]
async fn a_session_opens_or_says_why_not() {
    let lab = lab::shared();
    let check = async |account: Account, expect: &str| {
        let opened = Session::connect(&account, BRISK).await;
        let told = match &opened {
            Ok(_) => "ok".to_owned(),
            Err(ImapError::Auth { text }) => format!("auth: {text}"),
            Err(ImapError::Tls(text)) => format!("tls: {text}"),
            Err(ImapError::Network(text)) => format!("network: {text}"),
            Err(other) => format!("other: {other}"),
        };
        assert!(told.starts_with(expect), "{account:?}: {told}");
        assert!(!told.contains("hemlig") && !format!("{opened:?}").contains("hemlig"), "{told}");
    };
    let imap = |tls| lab.imap("support", tls);
    for tls in [Tls::Implicit, Tls::Starttls, Tls::None] {
        check(imap(tls), "ok").await;
        let password = Secret::Command(vec!["echo".into(), "wrong".into()]);
        check(
            Account { credential: Some(Credential::Password(password)), ..imap(tls) },
            "auth: [AUTHENTICATIONFAILED]",
        )
        .await;
    }
    for tls in [Tls::Implicit, Tls::Starttls] {
        check(Account { ca_file: Some(lab.other_ca()), ..imap(tls) }, "tls: the certificate of localhost").await;
        check(Account { host: "127.0.0.2".into(), ..imap(tls) }, "network").await;
    }
    // The certificate is for localhost and 127.0.0.1.
    check(Account { host: "127.0.0.1".into(), ..imap(Tls::Implicit) }, "ok").await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(Account { port: closed, ..imap(Tls::Implicit) }, "network: cannot connect to localhost").await;
    check(Account { host: "no-such-host.invalid".into(), ..imap(Tls::Implicit) }, "network: no address for").await;
    check(Account { port: lab.port(143), ..imap(Tls::Implicit) }, "tls: localhost").await;
    check(Account { port: lab.port(993), ..imap(Tls::Starttls) }, "network").await;
    check(Account { host: "192.0.2.1".into(), ..imap(Tls::None) }, "tls: 192.0.2.1 is not this machine").await;
    check(
        Account { credential: Some(Credential::Password(Secret::Env("SVAR_NO_SUCH".into()))), ..imap(Tls::None) },
        "other: the environment",
    )
    .await;
    let odd = "printf 'hemlig-åäö\"\\\\'".to_owned();
    let credential = Some(Credential::Password(Secret::Command(vec!["sh".into(), "-c".into(), odd])));
    check(Account { credential, ..lab.imap("utf8", Tls::Implicit) }, "ok").await;
}

#[tokio::test]
async fn capabilities_and_folders_are_found() {
    let mut session = open("kund1").await;
    for capability in ["IMAP4REV1", "IDLE", "MOVE", "UIDPLUS"] {
        assert!(session.can(capability), "{capability}: {:?}", session.capabilities());
    }
    session.create("Ärenden/Åtgärdat & klart").await.unwrap();
    let again = session.create("Ärenden/Åtgärdat & klart").await.unwrap_err();
    assert!(matches!(&again, ImapError::Refused { code: Some(code), .. } if code == "ALREADYEXISTS"), "{again:?}");
    let folders = session.folders().await.unwrap();
    let named = |name: &str| folders.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{folders:?}")).clone();
    assert_eq!(named("Sent").special, Some(Special::Sent));
    assert_eq!(named("Junk").special, Some(Special::Junk));
    assert_eq!((named("INBOX").special, named("INBOX").selectable), (None, true));
    assert!(named("Ärenden/Åtgärdat & klart").selectable);
    assert_eq!(named("INBOX").delimiter.as_deref(), Some("/"));
    let inbox = session.select("INBOX").await.unwrap();
    assert!(inbox.uidvalidity.is_some() && inbox.uidnext == Some(1) && !inbox.read_only, "{inbox:?}");
    assert!(session.examine("Sent").await.unwrap().read_only);
    let missing = session.select("Finns inte").await.unwrap_err();
    assert!(matches!(&missing, ImapError::Refused { command: "SELECT", .. }), "{missing:?}");
    session.noop().await.unwrap();
    session.logout().await.unwrap();
}

/// Three hundred letters of odd shapes, by the number in their name.
fn odd_letters() -> Vec<(String, Vec<u8>)> {
    (1..=300_usize)
        .map(|n| {
            let head = format!("Subject: letter {n}\nMessage-ID: <{n}@kund.test>\n");
            let raw = match n {
                7 => Vec::new(),
                8 => b"\n".to_vec(),
                9 => format!("{head}\n").into_bytes(),
                10 => head.into_bytes(),
                11 => [head.as_bytes(), b"\nbytes \xe5\xe4\xf6 \xff\xfe\n"].concat(),
                12 => [head.as_bytes(), b"\nnul \0 here\n"].concat(),
                13 => [head.as_bytes(), b"\n", &[b'x'; 100_000], b"\n"].concat(),
                14 => [head.as_bytes(), b"\n)\n* 5 FETCH (UID 1)\ns1 OK done\n{5}\n"].concat(),
                150 => {
                    let line = [&[b'A'; 76][..], b"\n"].concat();
                    [head.as_bytes(), b"\n", &line.repeat(20 * 1024 * 1024 / 77)].concat()
                }
                _ => [head.as_bytes(), b"\n", &vec![b'y'; (n * 7919) % 20_000], b"\n"].concat(),
            };
            (format!("{}.n{n:03}.lab", 1_795_000_000 + n), raw)
        })
        .collect()
}

/// What Dovecot makes of a file: CRLF line ends, and 0x80 for NUL, which IMAP cannot carry.
fn as_sent(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for &byte in raw {
        match byte {
            b'\n' => out.extend_from_slice(b"\r\n"),
            0 => out.push(0x80),
            byte => out.push(byte),
        }
    }
    out
}

#[tokio::test]
async fn letters_of_all_shapes_are_fetched_whole_once_and_in_order() {
    let letters = odd_letters();
    lab::shared().place("kund2", &letters);
    let mut session = open("kund2").await;
    let selected = session.select("INBOX").await.unwrap();
    assert_eq!(selected.exists, 300);
    assert_eq!(selected.uidnext, Some(301));

    let all: Vec<u32> = (1..=300).collect();
    assert_eq!(session.uids(1..=300).await.unwrap(), all);
    assert_eq!(session.uids(0..=u32::MAX).await.unwrap(), all);
    assert_eq!(session.uids(1..=u32::MAX - 1).await.unwrap(), all);
    assert_eq!(session.uids(290..=u32::MAX).await.unwrap(), all[289..]);
    // `301:*` would name letter 300.
    assert_eq!(session.uids(301..=u32::MAX).await.unwrap(), [0_u32; 0]);
    let (from, to) = (5, 4);
    assert_eq!(session.uids(from..=to).await.unwrap(), [0_u32; 0]);

    // With room for one megabyte, a letter of twenty passes, and so do the others.
    let items = fetch_all(&mut session, &all, 50_000_000, 1_000_000).await;
    assert_eq!(items.len(), 300);
    for (n, item) in items.iter().enumerate() {
        let letter = letter(item);
        let expect = as_sent(&letters[n].1);
        assert_eq!(letter.uid as usize, n + 1);
        assert!(letter.raw == expect, "letter {}: {} bytes, not {}", n + 1, letter.raw.len(), expect.len());
        assert_eq!(letter.size_bytes as usize, expect.len(), "letter {}", n + 1);
        assert!(!letter.truncated);
    }

    // The big one by its beginning; unasked order, doubles and letters that are not there.
    let items = fetch_all(&mut session, &[400, 150, 3, 150, 999], 1_000_000, 1_000_000).await;
    let uids: Vec<(u32, bool)> = items
        .iter()
        .map(|item| match item {
            Item::Letter(letter) => (letter.uid, true),
            Item::Missing(uid) => (*uid, false),
        })
        .collect();
    assert_eq!(uids, [(3, true), (150, true), (400, false), (999, false)]);
    let big = letter(&items[1]);
    let whole = as_sent(&letters[149].1);
    assert!(big.truncated && big.size_bytes as usize == whole.len());
    assert!(big.raw.len() > 100_000 && big.raw.len() < 1_000_000 && whole.starts_with(&big.raw));
    assert!(fetch_all(&mut session, &[], 1_000_000, 1_000_000).await.is_empty());

    // Nothing was marked as read.
    let unseen = lab::shared().doveadm(&["search", "-u", "kund2@example.test", "mailbox", "INBOX", "unseen"]);
    assert_eq!(unseen.lines().count(), 300);
}

#[tokio::test]
async fn a_fetch_whose_taker_leaves_is_broken_off() {
    lab::shared().place("kund3", &odd_letters()[20..120]);
    let mut session = open("kund3").await;
    session.select("INBOX").await.unwrap();
    let uids = session.uids(1..=u32::MAX).await.unwrap();
    let (sink, mut feed) = feed(10_000);
    let take = async {
        let first = feed.next().await;
        drop(feed);
        first
    };
    let (ended, first) = tokio::join!(session.fetch(&uids, 1_000_000, &sink), take);
    assert_eq!(letter(&first.unwrap()).uid, 1);
    assert_eq!(ended.unwrap_err(), ImapError::Cancelled);
    assert!(!session.is_usable());
    assert!(matches!(session.noop().await, Err(ImapError::Network(_))));
}

#[tokio::test]
async fn idle_wakes_on_delivery_and_stops_when_told() {
    let lab = lab::shared();
    let mut session = open("kund4").await;
    session.select("INBOX").await.unwrap();
    let never = std::future::pending::<()>;
    let short = Duration::from_millis(200);
    let long = Duration::from_secs(30);
    assert_eq!(session.idle(short, never()).await.unwrap(), IdleEnd::TimedOut);
    assert_eq!(session.idle(long, std::future::ready(())).await.unwrap(), IdleEnd::Stopped);
    for n in 1..=3_u32 {
        let deliver = tokio::task::spawn_blocking(|| lab.deliver("k@kund.test", &["kund4"], b"Subject: x\n\nhej\n"));
        let (end, delivered) = tokio::join!(session.idle(long, never()), deliver);
        delivered.unwrap();
        assert_eq!(end.unwrap(), IdleEnd::Exists);
        // Not looked for yet: waiting on would lose it.
        assert_eq!(session.idle(long, never()).await.unwrap(), IdleEnd::Exists);
        assert_eq!(session.uids(n..=u32::MAX).await.unwrap(), [n]);
        assert_eq!(session.idle(short, never()).await.unwrap(), IdleEnd::TimedOut);
    }
    // Told between two commands, not in IDLE.
    lab.deliver("k@kund.test", &["kund4"], b"Subject: y\n\nhej\n");
    lab.wait_for("kund4", "INBOX", long, |text| text.contains("Subject: y"));
    session.noop().await.unwrap();
    assert_eq!(session.idle(long, never()).await.unwrap(), IdleEnd::Exists);
}

#[tokio::test]
async fn a_cancelled_call_breaks_the_session_and_nothing_else() {
    let mut session = open("kund5").await;
    session.select("INBOX").await.unwrap();
    let cancelled =
        tokio::time::timeout(Duration::from_millis(100), session.idle(Duration::from_secs(60), std::future::pending()));
    assert!(cancelled.await.is_err());
    assert!(!session.is_usable());
    let next = session.noop().await.unwrap_err();
    assert!(matches!(next, ImapError::Network(_)), "{next:?}");
}

#[tokio::test]
async fn letters_are_appended_found_marked_and_moved() {
    let lab = lab::shared();
    let mut session = open("kund6").await;
    let at = Time::parse_rfc3339("2026-11-05T09:00:00Z").unwrap();
    let folder = "Ärenden/Klart & \"avslutat\"";
    let missing = session.append(folder, &[], at, b"x").await.unwrap_err();
    assert!(matches!(&missing, ImapError::Refused { code: Some(code), .. } if code == "TRYCREATE"), "{missing:?}");
    let mut placed = Vec::new();
    for n in 1..=4 {
        let raw = format!("Message-ID: <{n}.å@example.test>\r\nSubject: x\r\n\r\n{n}\r\n");
        placed.push(session.append("Sent", &[Flag::Seen], at, raw.as_bytes()).await.unwrap().expect("APPENDUID").uid);
    }
    assert_eq!(placed, [1, 2, 3, 4]);
    let big = [b"Message-ID: <big@example.test>\r\n\r\n".to_vec(), b"0123456789\r\n".repeat(500_000)].concat();
    let AppendUid { uid, uidvalidity } = session.append("Sent", &[], at, &big).await.unwrap().unwrap();
    let sent = session.select("Sent").await.unwrap();
    assert_eq!((uid, Some(uidvalidity), sent.exists), (5, sent.uidvalidity, 5));
    assert_eq!(session.search_message_id("big@example.test").await.unwrap(), [5]);
    assert_eq!(session.search_message_id("ig@example.test").await.unwrap(), [0_u32; 0]);
    assert_eq!(session.search_message_id("no\"such\\@example.test").await.unwrap(), [0_u32; 0]);
    let items = fetch_all(&mut session, &[2, 5], 50_000_000, 1_000_000).await;
    assert_eq!((letter(&items[0]).received_at, letter(&items[1]).raw.len()), (at, big.len()));

    session.store_flags(&[2, 77], &[Flag::Answered]).await.unwrap();
    let flags = lab.doveadm(&["-f", "flow", "fetch", "-u", "kund6@example.test", "uid flags", "mailbox", "Sent"]);
    assert!(flags.contains("uid=2 flags=\\Answered \\Seen"), "{flags}");

    // The folder is made; a letter that is not there is passed over.
    let moved = session.move_uids(&[1, 2, 77], folder).await.unwrap();
    assert_eq!((moved.moved, moved.left), (vec![1, 2], vec![]));
    let moved = session.move_uids(&[3], folder).await.unwrap();
    assert_eq!((moved.moved, moved.left), (vec![3], vec![]));
    let moved = session.move_uids(&[1, 2, 3], folder).await.unwrap();
    assert_eq!((moved.moved, moved.left), (vec![], vec![]));
    assert_eq!(session.uids(1..=u32::MAX).await.unwrap(), [4, 5]);
    assert_eq!(session.select(folder).await.unwrap().exists, 3);
    assert_eq!(session.search_message_id("3.å@example.test").await.unwrap(), [3]);
}
