//! `svar digest`: on the terminal, as a page, as figures and by mail.

use super::*;

#[test]
fn a_digest_says_the_same_on_the_terminal_as_a_page_and_as_figures() {
    const MONDAY: &str = "2026-12-14T07:00:00Z";
    let weekly = |more: &[&str]| {
        let mut args = vec!["--config", "week/config.toml", "--now", MONDAY, "digest", "weekly"];
        args.extend(more);
        svar_in(demo(), &args, b"").fine()
    };
    let figures = weekly(&["--json"]).json();
    assert_eq!((figures["from"].as_str(), figures["to"].as_str()), (Some("2026-12-07"), Some("2026-12-13")));
    let of = |clock: &str, key: &str| figures[clock][key].as_u64().unwrap();
    let sum = |key: &str| of("first_response", key) + of("next_response", key);
    let (within, all) = (sum("within_target"), sum("stopped") + sum("past_target"));
    assert!(all > 50, "{figures}");
    let stats =
        ["--config", "week/config.toml", "--now", MONDAY, "stats", "--from", "2026-12-07", "--to", "2026-12-13"];
    assert_eq!(svar_in(demo(), &[&stats[..], &["--json"]].concat(), b"").fine().json(), figures);
    let verdict = format!("Vecka 50: {} % inom målet", (within * 200 + all) / (all * 2));
    let text = weekly(&[]);
    fits_80_columns(&text);
    assert!(text.out.starts_with(&verdict), "{verdict}: {}", text.out);
    assert!(text.out.contains(&format!("({within} av {all} svar)")), "{}", text.out);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("week.html");
    let told = weekly(&["--html", file.to_str().unwrap()]);
    assert!(told.out.contains(&verdict), "{}", told.out);
    let page = fs::read_to_string(file).unwrap();
    assert!(page.contains(&format!("{within} av {all} svar")) && !page.contains("cid:"));
    assert_eq!(page.matches("data:image/png;base64,").count(), 3);
    // The one that the demo writes is of the same week.
    let written = fs::read_to_string(demo().join("week/digest.html")).unwrap();
    assert!(written.contains("Vecka 50") && written.contains("data:image/png;base64,"));
}

#[test]
fn a_digest_goes_out_by_mail_to_whom_it_is_told_to() {
    let desk = own();
    let sent = change(&desk, &["digest", "daily", "--to", "disa@exempelbutiken.example"]).fine();
    assert!(
        sent.out.contains("disa@exempelbutiken.example: \"Lör 12 dec: ") || sent.out.contains("\"Igår: "),
        "{}",
        sent.out
    );
    let outbox = change(&desk, &["outbox", "--json"]).fine().json();
    let row = outbox.as_array().unwrap().iter().find(|r| r["kind"] == "report").unwrap();
    assert_eq!(row["to"][0]["address"], "disa@exempelbutiken.example");
    change(&desk, &["digest", "daily", "--to", "support@exempelbutiken.example"]).fails(2, "the desk's own address");
    change(&desk, &["digest", "daily", "--to", "nobody"]).fails(2, "is no address");
    change(&desk, &["digest", "hourly"]).fails(2, "invalid value");
    change(&desk, &["digest", "daily", "--html", "no/such/dir.html"]).fails(1, "cannot write");
}
