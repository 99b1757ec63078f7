//! `svar explain`: one mail, thousands of them, with and without a configuration.

use super::*;

#[test]
fn mails_are_explained_without_a_desk() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("a.eml"),
        "From: a@b.example\nSubject: Hej\nMessage-ID: <1@b.example>\n\nVar är paketet?\n",
    )
    .unwrap();
    fs::write(dir.path().join("b.eml"), "").unwrap();
    let ran = svar_in(dir.path(), &["explain", "--json", "a.eml", "b.eml"], b"");
    assert_eq!(ran.code, 1);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2, "one object a line");
    assert_eq!((lines[0]["kind"].as_str(), lines[1]["error"].is_string()), (Some("person"), true));
    let screen = svar_in(dir.path(), &["explain", "a.eml"], b"").fine();
    fits_80_columns(&screen);
    for told in ["a@b.example", "person: no sign of a robot", "Var är paketet?", "a new one"] {
        assert!(screen.out.contains(told), "{}", screen.out);
    }
}

#[test]
fn thousands_of_mails_are_told_of_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = vec!["explain".to_owned(), "--json".to_owned()];
    for n in 0..1_500 {
        let name = format!("{n}.eml");
        // Every hundredth is no mail; the others are told of all the same.
        let mail =
            if n % 100 == 7 { String::new() } else { format!("From: a@b.example\nSubject: {n} [#{n}]\n\nHej\n") };
        fs::write(dir.path().join(&name), mail).unwrap();
        args.push(name);
    }
    args.push("missing.eml".to_owned());
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = svar_in(dir.path(), &args, b"");
    assert_eq!(ran.code, 1);
    let lines: Vec<Value> = ran.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 1_501);
    for (n, line) in lines.iter().enumerate().take(1_500) {
        assert_eq!(line["file"], format!("{n}.eml"));
        let keys = line.as_object().unwrap();
        for key in ["message_id", "from", "reply_to", "to", "cc", "subject", "date", "kind", "why", "text", "new_text"]
        {
            assert!(keys.contains_key(key), "{line}");
            assert!(n % 100 != 7 || line[key].is_null(), "{line}");
        }
        if n % 100 == 7 {
            assert!(line["error"].is_string());
        } else if n > 0 {
            assert_eq!(line["ticket"]["number"], n);
        }
    }
    assert!(lines[1_500]["error"].as_str().unwrap().contains("cannot be read"));
    let piped = svar_in(dir.path(), &["explain", "-"], b"From: a@b.example\nSubject: Re: x [#42]\n\nHej\n").fine();
    assert!(piped.out.contains("#42"), "{}", piped.out);
}

/// With a configuration its forms are read; with a trusted server it is said whether the sender is proved.
#[test]
fn a_form_and_a_sender_are_explained() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("form.toml"),
        "[desk]\nname = \"B\"\ndata_dir = \"d\"\n[[mailbox]]\nname = \"s\"\naddress = \"s@butik.example\"\n\
         maildir = { path = \"in\" }\noutdir = { path = \"out\" }\n[[agent]]\nname = \"Anna\"\naddresses = [\"a@butik.example\"]\n\
         [[form]]\nfrom = \"noreply@shop.example\"\n",
    )
    .unwrap();
    fs::write(
        dir.path().join("a.eml"),
        "Authentication-Results: mx.butik.example; dmarc=pass header.from=shop.example\nFrom: noreply@shop.example\nSubject: Ny\n\n\
         Namn: Kalle\nE-post: kalle@kund.example\nTelefon: 070-1234567\nMeddelande: Hej\n",
    )
    .unwrap();
    let explained = |more: &[&str]| -> Value {
        let args: Vec<&str> = more.iter().copied().chain(["explain", "--json", "a.eml"]).collect();
        serde_json::from_str(&svar_in(dir.path(), &args, b"").fine().out).unwrap()
    };
    let bare = explained(&[]);
    assert_eq!((bare["from"]["address"].as_str(), bare.get("form")), (Some("noreply@shop.example"), None));
    let formed = explained(&["--config", "form.toml"]);
    assert_eq!(formed["from"]["address"].as_str(), Some("kalle@kund.example"));
    assert_eq!((formed["form"]["phone"].as_str(), formed["new_text"].as_str()), (Some("070-1234567"), Some("Hej")));
    let ran = svar_in(dir.path(), &["explain", "--authserv-id", "mx.butik.example", "a.eml"], b"").fine();
    assert!(ran.out.contains("proved: dmarc=pass"), "{}", ran.out);
    let ran = svar_in(dir.path(), &["explain", "--authserv-id", "mx.other.example", "a.eml"], b"").fine();
    assert!(ran.out.contains("not proved: the trusted server says nothing"), "{}", ran.out);
}
