//! IMAP servers that refuse, lie, stall and vanish: none of it is taken for an empty mailbox.

use std::time::Duration;

use svar::model::Time;
use svar::net::Tls;
use svar::net::imap::{Flag, ImapError, Item, Session, feed};

use crate::rogue::Rogue;
use crate::{HASTY, PATIENT};

/// Up to a logged-in session.
fn login(capabilities: &str) -> String {
    format!(
        "S: * OK ready
         C: CAPABILITY
         S: * CAPABILITY IMAP4rev1 {capabilities}
         S: {{t}} OK
         C: LOGIN
         S: {{t}} OK logged in
         C: CAPABILITY
         S: * CAPABILITY IMAP4rev1 {capabilities}
         S: {{t}} OK\n"
    )
}

/// A call and what it says, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Noop,
    Folders,
    Select,
    Create,
    Uids,
    Search,
    Fetch,
    Idle,
    Append,
    Store,
    Move,
}

const CALLS: [(Call, &str); 11] = [
    (Call::Noop, "NOOP"),
    (Call::Folders, "LIST"),
    (Call::Select, "SELECT"),
    (Call::Create, "CREATE"),
    (Call::Uids, "UID SEARCH UID 1:"),
    (Call::Search, "UID SEARCH HEADER"),
    (Call::Fetch, "UID FETCH"),
    (Call::Idle, "IDLE"),
    (Call::Append, "APPEND"),
    (Call::Store, "UID STORE"),
    (Call::Move, "UID SEARCH UID 5"),
];

async fn make(call: Call, session: &mut Session) -> Result<String, ImapError> {
    let at = Time::from_unix(1_795_276_800);
    Ok(match call {
        Call::Noop => format!("{:?}", session.noop().await?),
        Call::Folders => format!("{:?}", session.folders().await?),
        Call::Select => format!("{:?}", session.select("INBOX").await?),
        Call::Create => format!("{:?}", session.create("Åå").await?),
        Call::Uids => format!("{:?}", session.uids(1..=9).await?),
        Call::Search => format!("{:?}", session.search_message_id("a@b").await?),
        Call::Fetch => fetch(session, &[5, 6]).await?,
        Call::Idle => format!("{:?}", session.idle(Duration::from_millis(200), std::future::pending()).await?),
        Call::Append => format!("{:?}", session.append("Sent", &[Flag::Seen], at, b"Hej\r\n").await?),
        Call::Store => format!("{:?}", session.store_flags(&[5], &[Flag::Seen]).await?),
        Call::Move => format!("{:?}", session.move_uids(&[5], "Klart").await?),
    })
}

async fn fetch(session: &mut Session, uids: &[u32]) -> Result<String, ImapError> {
    let (sink, mut feed) = feed(1_000_000);
    session.fetch(uids, 1000, &sink).await?;
    drop(sink);
    let mut told = Vec::new();
    while let Some(item) = feed.next().await {
        told.push(match item {
            Item::Letter(l) => format!("{}:{}", l.uid, String::from_utf8_lossy(&l.raw)),
            Item::Missing(uid) => format!("{uid} missing"),
        });
    }
    Ok(told.join("; "))
}

fn short(error: &ImapError) -> &'static str {
    match error {
        ImapError::Auth { .. } => "auth",
        ImapError::SignIn(_) => "sign-in",
        ImapError::Secret(_) => "secret",
        ImapError::Network(text) if text.contains("timed out") => "timeout",
        ImapError::Network(_) => "network",
        ImapError::Tls(_) => "tls",
        ImapError::Refused { .. } => "refused",
        ImapError::Bye { .. } => "bye",
        ImapError::Protocol(_) => "protocol",
        ImapError::Cancelled => "cancelled",
    }
}

#[tokio::test]
async fn no_refusal_and_no_lost_line_looks_like_success() {
    // The parser follows brackets by recursion: 100,000 would end the process.
    let deep = format!("S: * 1 FETCH (BODYSTRUCTURE {}\nhang", "(".repeat(100_000));
    for (call, command) in CALLS {
        let answers = [
            ("S: {t} NO [OVERQUOTA] it is full\nhang", "refused", true),
            ("S: {t} BAD\nhang", "refused", true),
            ("S: {t} BAD what?\nhang", "refused", true),
            ("", "network", false),
            ("S: * 3 EXISTS", "network", false),
            ("S; {t} O", "network", false),
            ("S: * BYE going down", "bye", false),
            ("S: s999 OK of yesterday\nhang", "protocol", false),
            ("S: \\xE5\\xE4 nonsense\nhang", "protocol", false),
            (deep.as_str(), "protocol", false),
            ("S: {t} BYE\nhang", "protocol", false),
            ("hang", "timeout", false),
        ];
        for (answer, expect, usable) in answers {
            // UID FETCH asks for each letter alone before it gives up: then both are refused.
            let answer = if call == Call::Fetch && expect == "refused" {
                let line = answer.trim_end_matches("hang");
                format!("{line}C: UID FETCH\n{line}C: UID FETCH\n{answer}")
            } else {
                answer.to_owned()
            };
            let rogue = Rogue::play(&format!("{}C: {command}\n{answer}", login("IDLE MOVE UIDPLUS")));
            let mut session = Session::connect(&rogue.account, HASTY).await.expect("a login");
            let ended = make(call, &mut session).await;
            let told = ended.as_ref().err().map_or("success", short);
            assert_eq!((told, session.is_usable()), (expect, usable), "{call:?} {answer:?}: {ended:?}");
            if let Err(ImapError::Refused { code, text, .. }) = &ended
                && answer.contains("OVERQUOTA")
            {
                assert_eq!(code.as_deref(), Some("OVERQUOTA"), "{call:?}");
                assert!(text.contains("it is full"), "{call:?}: {text}");
            }
            drop(session);
            rogue.heard().unwrap_or_else(|e| panic!("{call:?} {answer:?}: {e}"));
        }
    }
}

async fn check_login(script: &str, expect: &str) {
    let rogue = Rogue::play(script);
    let ended = Session::connect(&rogue.account, HASTY).await;
    let told = match &ended {
        Ok(_) => "ok".to_owned(),
        Err(error) => format!("{}: {error}", short(error)),
    };
    assert!(told.starts_with(expect), "{script}: {told}");
    drop(ended);
    rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
}

#[tokio::test]
async fn a_login_that_fails_says_why() {
    check_login("", "network").await;
    check_login("hang", "timeout").await;
    check_login("S: * BYE too many connections", "bye: the server ended the session: too many").await;
    check_login("S: * PREAUTH welcome\nhang", "protocol: the server does not keep to IMAP: it says that we are").await;
    check_login("S: * NO\nhang", "protocol").await;
    check_login("S: HTTP/1.1 400 Bad Request\nhang", "protocol").await;
    check_login("S: 220 mail.example.test ESMTP\nhang", "protocol").await;
    let ready =
        "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: {t} OK\nC: LOGIN \"anna\" \"hemlig\"\n";
    check_login(&format!("{ready}S: {{t}} NO [AUTHENTICATIONFAILED] no\nhang"), "auth: login refused: [AUTH").await;
    check_login(&format!("{ready}S: {{t}} NO\nhang"), "auth").await;
    check_login(&format!("{ready}S: {{t}} BAD no\nhang"), "auth").await;
    check_login(&format!("{ready}S: {{t}} NO [UNAVAILABLE] later\nhang"), "refused").await;
    check_login(&format!("{ready}S: {{t}} NO [LIMIT] too many\nhang"), "refused").await;
    check_login(&format!("{ready}S: {{t}} NO [ALERT] Too many simultaneous connections. (Failure)\nhang"), "refused")
        .await;
    check_login(&format!("{ready}S: * BYE no"), "bye").await;
    check_login(
        &ready.replace("AUTH=PLAIN", "LOGINDISABLED").replace("C: LOGIN \"anna\" \"hemlig\"\n", "hang"),
        "auth: login refused: the server takes no passwords",
    )
    .await;
    let sasl = "S: * OK ready
        C: CAPABILITY
        S: * CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN
        S: {t} OK
        C: AUTHENTICATE PLAIN
        S: +
        C: AGFubmEAaGVtbGln
        S: {t} ";
    check_login(&format!("{sasl}NO no\nhang"), "auth").await;
    check_login(&format!("{sasl}OK\nC: CAPABILITY\nS: {{t}} OK"), "ok").await;
}

#[tokio::test]
async fn a_password_of_any_kind_is_sent_as_it_is() {
    let check = async |password: &str, script: &str| {
        let start = "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: {t} OK\n";
        let rogue = Rogue::play(&format!("{start}{script}\nS: {{t}} OK\nC: CAPABILITY\nS: {{t}} OK"));
        let mut account = rogue.account.clone();
        let printed = svar::net::Secret::Command(vec!["printf".into(), "%s".into(), password.into()]);
        account.credential = Some(svar::net::Credential::Password(printed));
        let ended = Session::connect(&account, PATIENT).await;
        let heard = rogue.heard();
        assert!(ended.is_ok() && heard.is_ok(), "{password:?}: {ended:?} {heard:?}");
    };
    check(r#"a"b\c"#, r#"C: LOGIN "anna" "a\"b\\c""#).await;
    check("hemlig lösen", "C: LOGIN \"anna\" {13}\nS: + go on\nL: 13\nC: ").await;
    check("{5}", "C: LOGIN \"anna\" \"{5}\"").await;
}

#[tokio::test]
async fn starttls_believes_nothing_that_was_said_before_it() {
    // Whether the words slipped in are thrown away or reach the handshake depends on when they come.
    let check = async |script: &str, expect: &str| {
        let rogue = Rogue::play(script);
        let mut account = rogue.account.clone();
        account.tls = Tls::Starttls;
        account.host = "localhost".to_owned();
        let ended = Session::connect(&account, HASTY).await;
        let told = ended.as_ref().err().map_or("ok", short);
        assert!(expect.contains(told), "{script}: {ended:?}");
        let heard = rogue.heard().unwrap_or_default();
        assert!(!heard.iter().any(|line| line.contains("LOGIN")), "no password in the clear: {heard:?}");
    };
    check("S: * OK ready\nC: STARTTLS\nS: {t} NO not today\nhang", "tls").await;
    check("S: * OK ready\nC: STARTTLS\nS: {t} BAD what\nhang", "tls").await;
    check("S: * PREAUTH you are in\nhang", "protocol").await;
    check("S: * OK ready\nC: STARTTLS\nS: {t} OK\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nhang", "tls or network").await;
    check("S: * OK ready\nC: STARTTLS\nS; {t} OK\\r\\n* OK more\\r\\n\nhang", "tls or network").await;
    check("S: * OK ready\nC: STARTTLS", "network").await;
}

async fn check_session(capabilities: &str, script: &str, call: Call, expect: &str) {
    let rogue = Rogue::play(&format!("{}{script}", login(capabilities)));
    let mut session = Session::connect(&rogue.account, HASTY).await.expect("a login");
    let told = match make(call, &mut session).await {
        Ok(told) => told,
        Err(error) => format!("{}: {error}", short(&error)),
    };
    assert!(told.starts_with(expect), "{script}: {told}");
    drop(session);
    rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
}

#[tokio::test]
async fn a_folder_is_read_from_whatever_the_server_says_of_it() {
    let check = async |script: &str, expect: &str| check_session("", script, Call::Select, expect).await;
    let line = |uidvalidity: &str, uidnext: &str, exists: u32, read_only: bool| {
        format!(
            "Selected {{ uidvalidity: {uidvalidity}, uidnext: {uidnext}, exists: {exists}, read_only: {read_only}, highestmodseq: None }}"
        )
    };
    check(
        "C: SELECT \"INBOX\"\nS: * 7 EXISTS\nS: * OK [UIDVALIDITY 9] x\nS: * OK [UIDNEXT 12] x\nS: {t} OK [READ-ONLY] x",
        &line("Some(9)", "Some(12)", 7, true),
    )
    .await;
    check("C: SELECT\nS: * 0 EXISTS\nS: {t} OK done", &line("None", "None", 0, false)).await;
    check("C: SELECT\nS: * OK [UIDVALIDITY 0] x\nS: {t} OK done", &line("None", "None", 0, false)).await;
    check(
        "C: SELECT\nS: * NO [UIDNOTSTICKY] x\nS: * OK [UIDVALIDITY 5] x\nS: {t} OK done",
        &line("None", "None", 0, false),
    )
    .await;
    check(
        "C: SELECT\nS: * OK [UIDVALIDITY 4294967295] l\\xE5ng\nS: {t} OK",
        &line("Some(4294967295)", "None", 0, false),
    )
    .await;
}

#[tokio::test]
async fn letters_that_do_not_come_are_missing_and_the_others_go_on() {
    let check = async |script: &str, expect: &str| check_session("", script, Call::Fetch, expect).await;
    let sizes = "C: UID FETCH 5:6 (UID RFC822.SIZE INTERNALDATE)
        S: * 1 FETCH (UID 5 RFC822.SIZE 3 INTERNALDATE \"05-Nov-2026 10:00:00 +0000\")
        S: * 2 FETCH (UID 6 RFC822.SIZE 3)
        S: {t} OK\n";
    let both = "C: UID FETCH 5:6 (UID BODY.PEEK[])\n";
    check(
        &format!(
            "{sizes}{both}S: * 1 FETCH (UID 5 BODY[] {{3}}\nS: a\\r\\n)\nS: * 2 FETCH (UID 6 BODY[] \"b\")\nS: {{t}} OK"
        ),
        "5:a\r\n; 6:b",
    )
    .await;
    // Out of order, with news and flags between.
    check(&format!("{sizes}{both}S: * 2 FETCH (BODY[] \"b\" UID 6)\nS: * 9 EXISTS\nS: * 1 FETCH (FLAGS (\\Seen))\nS: * 1 FETCH (UID 5 FLAGS () BODY[] \"a\")\nS: {{t}} OK"), "5:a; 6:b").await;
    check(
        &format!("{sizes}{both}S: * 1 FETCH (UID 5 BODY[] NIL)\nS: * 2 FETCH (UID 6 BODY[] \"\")\nS: {{t}} OK"),
        "5 missing; 6:",
    )
    .await;
    check(&format!("{sizes}{both}S: {{t}} OK nothing"), "5 missing; 6 missing").await;
    // The sizes name one letter only.
    check("C: UID FETCH 5:6 (UID RFC\nS: * 1 FETCH (UID 6 RFC822.SIZE 3)\nS: {t} OK\nC: UID FETCH 6 (UID BODY.PEEK[])\nS: * 1 FETCH (UID 6 BODY[] \"b\")\nS: {t} OK", "5 missing; 6:b").await;
    // One bad letter makes the server refuse both.
    check(&format!("{sizes}{both}S: {{t}} NO damaged\nC: UID FETCH 5 (UID BODY\nS: {{t}} NO damaged\nC: UID FETCH 6 (UID BODY\nS: * 2 FETCH (UID 6 BODY[] \"b\")\nS: {{t}} OK"), "5 missing; 6:b").await;
    check(&format!("{sizes}{both}S: * 2 FETCH (UID 6 BODY[] \"b\")\nS: {{t}} NO [SERVERBUG] damaged\nC: UID FETCH 5 (UID BODY\nS: {{t}} BAD no"), "5 missing; 6:b").await;
    check("C: UID FETCH 5:6 (UID RFC\nS: {t} NO damaged\nC: UID FETCH 5 (UID RFC\nS: {t} NO damaged\nC: UID FETCH 6 (UID RFC\nS: * 2 FETCH (UID 6 RFC822.SIZE 3)\nS: {t} OK\nC: UID FETCH 6 (UID BODY\nS: * 2 FETCH (UID 6 BODY[] \"b\")\nS: {t} OK", "5 missing; 6:b").await;
    // All refused is no letter's fault.
    check(&format!("{sizes}{both}S: {{t}} NO [UNAVAILABLE] later\nC: UID FETCH 5 (UID BODY\nS: {{t}} NO later\nC: UID FETCH 6 (UID BODY\nS: {{t}} NO later\n"), "refused").await;
    // Cut in half.
    check(&format!("{sizes}{both}S; * 1 FETCH (UID 5 BODY[] {{3}}\\r\\nab"), "network").await;
    check(&format!("{sizes}{both}S; * 1 FETCH (UID 5 BODY[] {{3}}\\r\\nab\nhang"), "timeout").await;
    check(&format!("{sizes}{both}S: * 1 FETCH (UID 5 BODY[] \"a\")\nS: * BYE bye"), "bye").await;
    // Above the limit of 1000 bytes.
    check("C: UID FETCH 5:6 (UID RFC\nS: * 1 FETCH (UID 5 RFC822.SIZE 1001)\nS: * 2 FETCH (UID 6 RFC822.SIZE 1000)\nS: {t} OK\nC: UID FETCH 5 (UID BODY.PEEK[]<0.1000>)\nC: UID FETCH 6 (UID BODY.PEEK[])\nS: * 2 FETCH (UID 6 BODY[] \"b\")\nS: * 1 FETCH (UID 5 BODY[]<0> \"a\")\nS: s6 OK\nS: s5 OK", "5:a; 6:b").await;
}

#[tokio::test]
async fn idle_is_never_waited_through() {
    let check = async |script: &str, expect: &str| check_session("IDLE", script, Call::Idle, expect).await;
    check("C: IDLE\nS: + idling\nS: * 1 EXISTS\nC: DONE\nS: {t} OK", "Exists").await;
    check("C: IDLE\nS: * 1 EXISTS\nS: + idling\nC: DONE\nS: {t} OK", "Exists").await;
    check("C: IDLE\nS: +\nS: * OK still here\nS: * 1 RECENT\nC: DONE\nS: * 2 EXISTS\nS: {t} OK", "Exists").await;
    check("C: IDLE\nS: +\nC: DONE\nS: {t} OK", "TimedOut").await;
    check("C: IDLE\nS: +\nS: {t} OK enough", "ServerEnded").await;
    check("C: IDLE\nS: +\nS: * 1 EXISTS\\r\\n{t} OK enough\nhang", "Exists").await;
    check("C: IDLE\nS: {t} OK not today", "ServerEnded").await;
    check("C: IDLE\nS: +\nS: {t} NO enough\nhang", "refused").await;
    check("C: IDLE\nS: +\nS: {t} BAD\nhang", "refused").await;
    check("C: IDLE\nS: +\nS: * BYE logged out for inactivity\nhang", "bye").await;
    check("C: IDLE\nS: +", "network").await;
    check("C: IDLE\nS: +\nC: DONE\nhang", "timeout").await;
    check("C: IDLE\nS: +\nC: DONE\nS: {t} NO\nhang", "refused").await;
    check("C: IDLE\nS: +\nC: DONE", "network").await;
}

#[tokio::test]
async fn an_append_waits_for_its_turn() {
    let check = async |script: &str, expect: &str| check_session("", script, Call::Append, expect).await;
    let start = "C: APPEND \"Sent\" (\\Seen) \"21-Nov-2026 16:00:00 +0000\" {5}\n";
    check(
        &format!("{start}S: + go\nL: 5\nC: \nS: {{t}} OK [APPENDUID 7 12] done"),
        "Some(AppendUid { uidvalidity: 7, uid: 12 })",
    )
    .await;
    check(&format!("{start}S: * 5 EXISTS\nS: + go\nL: 5\nC: \nS: * 6 EXISTS\nS: {{t}} OK done"), "None").await;
    check(&format!("{start}S: + go\nL: 5\nC: \nS: {{t}} NO [OVERQUOTA] full\nhang"), "refused").await;
    check(&format!("{start}S: + go\nL: 3"), "network").await;
    check(&format!("{start}S: + go\nL: 5\nC: \nhang"), "timeout").await;
    check(&format!("{start}S: + go\nL: 5\nC: \nS: + more?\nhang"), "protocol").await;
}

#[tokio::test]
async fn a_move_without_move_copies_checks_and_expunges_only_its_own() {
    let check = async |capabilities: &str, script: &str, expect: &str| {
        check_session(capabilities, script, Call::Move, expect).await;
    };
    let there = "C: UID SEARCH UID 5\nS: * SEARCH 5\nS: {t} OK\n";
    let gone = "Moved { moved: [5], left: [] }";
    let left = "Moved { moved: [], left: [5] }";
    let copy = "C: UID COPY 5 \"Klart\"\n";
    let expunge =
        "C: UID STORE 5 +FLAGS.SILENT (\\Seen \\Deleted)\nS: {t} OK\nC: UID EXPUNGE 5\nS: * 1 EXPUNGE\nS: {t} OK\n";
    check("UIDPLUS", &format!("{there}{copy}S: {{t}} OK [COPYUID 1 5 9] x\n{expunge}"), gone).await;
    check("UIDPLUS", &format!("{there}{copy}S: {{t}} OK x\n{expunge}"), gone).await;
    // The server copied something else: nothing is deleted.
    check("UIDPLUS", &format!("{there}{copy}S: {{t}} OK [COPYUID 1 6 9] x\n"), left).await;
    check("UIDPLUS", &format!("{there}{copy}S: {{t}} NO [OVERQUOTA] x\nC: CREATE\nS: {{t}} NO it exists\n"), "refused")
        .await;
    check(
        "UIDPLUS",
        &format!(
            "{there}{copy}S: {{t}} NO [TRYCREATE] x\nC: CREATE \"Klart\"\nS: {{t}} OK\n{copy}S: {{t}} OK x\n{expunge}"
        ),
        gone,
    )
    .await;
    // Without UIDPLUS an EXPUNGE would take other people's deleted letters along.
    check(
        "",
        &format!("{there}{copy}S: {{t}} OK x\nC: UID STORE 5 +FLAGS.SILENT (\\Seen \\Deleted)\nS: {{t}} OK\n"),
        gone,
    )
    .await;
    // MOVE that says OK and does nothing.
    let stays = "C: UID MOVE 5 \"Klart\"\nS: {t} OK done\nC: UID SEARCH UID 5\nS: * SEARCH 5\nS: {t} OK\n";
    check("MOVE UIDPLUS", &format!("{there}{stays}"), left).await;
    let moves = "C: UID MOVE 5 \"Klart\"\nS: * OK [COPYUID 1 5 9] x\nS: * 1 EXPUNGE\nS: {t} OK done\nC: UID SEARCH UID 5\nS: * SEARCH\nS: {t} OK\n";
    check("MOVE", &format!("{there}{moves}"), gone).await;
    check("MOVE", "C: UID SEARCH UID 5\nS: * SEARCH\nS: {t} OK\n", "Moved { moved: [], left: [] }").await;
}

#[tokio::test]
async fn searches_are_sifted() {
    let check = async |script: &str, expect: &str| check_session("", script, Call::Uids, expect).await;
    // More than was asked for, unsorted, twice, in two lines.
    check("C: UID SEARCH UID 1:9\nS: * SEARCH 7 3 12\nS: * SEARCH 3 1\nS: {t} OK", "[1, 3, 7]").await;
    check("C: UID SEARCH\nS: * SEARCH\nS: {t} OK", "[]").await;
    check("C: UID SEARCH\nS: {t} OK", "[]").await;
}

#[tokio::test]
async fn a_line_lost_in_a_fetch_gives_what_had_come_and_names_the_letter() {
    let check = async |script: &str, expect: &[u32], stuck_at: Option<u32>| {
        let rogue = Rogue::play(&format!("{}{script}", login("")));
        let mut session = Session::connect(&rogue.account, HASTY).await.expect("a login");
        let (sink, mut feed) = feed(1_000_000);
        session.fetch(&[5, 6, 7], 1000, &sink).await.expect_err("the line is lost");
        let mut came = Vec::new();
        while let Some(item) = feed.try_next() {
            match item {
                Item::Letter(letter) => came.push(letter.uid),
                Item::Missing(uid) => panic!("{uid} is called missing"),
            }
        }
        assert_eq!((came.as_slice(), session.stuck_at()), (expect, stuck_at), "{script}");
        drop(session);
        rogue.heard().unwrap_or_else(|e| panic!("{script}: {e}"));
    };
    let sizes = "C: UID FETCH 5:7 (UID RFC
        S: * 1 FETCH (UID 5 RFC822.SIZE 3)
        S: * 2 FETCH (UID 6 RFC822.SIZE 3)
        S: * 3 FETCH (UID 7 RFC822.SIZE 3)
        S: {t} OK
        C: UID FETCH 5:7 (UID BODY.PEEK[])\n";
    check(sizes, &[], Some(5)).await;
    check(&format!("{sizes}S: * 1 FETCH (UID 5 BODY[] \"a\")"), &[5], Some(6)).await;
    check(&format!("{sizes}S: * 1 FETCH (UID 5 BODY[] \"a\")\nS; * 2 FETCH (UID 6 BODY[] {{3}}\\r\\na"), &[5], Some(6))
        .await;
    check(&format!("{sizes}S: * 1 FETCH (UID 5 BODY[] \"a\")\nS: * BYE damaged"), &[5], Some(6)).await;
    check(&format!("{sizes}S: * 3 FETCH (UID 7 BODY[] \"c\")\nS: * 1 FETCH (UID 5 BODY[] \"a\")\nhang"), &[5], Some(6))
        .await;
    // A line on which the parser panics.
    check(
        &format!("{sizes}S: * 1 FETCH (UID 5 BODY[] \"a\")\nS: * 2 FETCH (UID 6 INTERNALDATE NIL)\nhang"),
        &[5],
        Some(6),
    )
    .await;
    check("C: UID FETCH\nS: * NO [ALERT]\\xC3\\xA5\nhang", &[], None).await;
    check("C: UID FETCH", &[], None).await;
}
