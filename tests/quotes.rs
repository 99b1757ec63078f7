//! What mail programs write above the mail they answer or forward (`fixtures/templates`), put together with what people write:
//! every program, language and form (text, HTML, both) is read, and the new text must be exactly what was written.

use std::fmt::Write as _;
use std::path::Path;

use svar::mail::letter::Letter;
use svar::mail::quote::rules;
use svar::mail::read::read;

const NAME: &str = "Anna Berg";
const ADDRESS: &str = "anna.berg@exempelbutiken.test";
const SUBJECT: &str = "Blå väska, order 1042";

/// What the customer writes this time, by language: two paragraphs, neither of which looks like anything else.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("sv", "Ja, den blå passar bra.\nJag tar två.", "Kan ni skicka dem i morgon?"),
    ("nb", "Ja, den blå passer fint.\nJeg tar to.", "Kan dere sende dem i morgen?"),
    ("da", "Ja, den blå er fin.\nJeg tager to.", "Kan I sende dem i morgen?"),
    ("fi", "Kyllä, sininen sopii hyvin.\nOtan kaksi.", "Voitteko lähettää ne huomenna?"),
    ("en", "Yes, the blue one is fine.\nI take two.", "Could you send them tomorrow?"),
    ("de", "Ja, die blaue passt gut.\nIch nehme zwei.", "Können Sie sie morgen schicken?"),
    ("nl", "Ja, de blauwe is goed.\nIk neem er twee.", "Kunt u ze morgen sturen?"),
    ("fr", "Oui, la bleue me convient.\nJ'en prends deux.", "Pouvez-vous les envoyer demain ?"),
    ("es", "Sí, la azul está bien.\nQuiero dos.", "¿Pueden enviarlas mañana?"),
    ("it", "Sì, quella blu va bene.\nNe prendo due.", "Potete spedirle domani?"),
    ("pl", "Tak, niebieska jest dobra.\nBiorę dwie.", "Czy możecie wysłać je jutro?"),
    ("pt", "Sim, a azul está boa.\nQuero duas.", "Podem enviá-las amanhã?"),
    ("ru", "Да, синяя подходит.", "Пришлите завтра, пожалуйста."),
];
/// The mail that is answered.
const EARLIER: &[&str] =
    &["Hej Kalle,", "", "Vill du ha den blå eller den röda? Vi har båda hemma.", "", "Hälsningar", "Anna på butiken"];

struct Template {
    program: String,
    language: String,
    prefix: String,
    lines: Vec<String>,
    has_address: bool,
}

fn templates(file: &str) -> Vec<Template> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/templates").join(file);
    let text = std::fs::read_to_string(&path).expect("the templates");
    let filled =
        |line: &str| line.replace("\\t", "\t").replace("{N}", NAME).replace("{A}", ADDRESS).replace("{S}", SUBJECT);
    let mut out = Vec::new();
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (head, body) = line.split_once(": ").expect("program language: lines");
        let mut words = head.split(' ');
        let program = words.next().unwrap_or_default().trim_end_matches('!').to_owned();
        let language = words.next().unwrap_or_default().to_owned();
        let prefix = words.next().unwrap_or_default().to_owned();
        let lines = body.split("\\n").map(filled).collect();
        let has_address = !head.contains('!');
        out.push(Template { program, language, prefix, lines, has_address });
    }
    out
}

impl Template {
    fn answer(&self) -> String {
        let (_, first, second) = self.words();
        format!("{first}\n\n{second}")
    }

    fn words(&self) -> (&str, &'static str, &'static str) {
        let (_, first, second) = ANSWERS.iter().find(|a| a.0 == self.language).expect("an answer in that language");
        (&self.language, first, second)
    }
}

fn quoted(lines: &[&str], mark: &str) -> String {
    lines.iter().map(|l| if l.is_empty() { format!("{}\n", mark.trim_end()) } else { format!("{mark}{l}\n") }).collect()
}

/// Breaks lines at blanks so that none is longer than `width`, as format=fixed programs do.
fn wrapped(line: &str, width: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        let count = word.chars().count();
        if length > 0 && length + 1 + count > width {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += count;
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn divs(text: &str) -> String {
    let line = |l: &str| if l.is_empty() { "<div><br></div>".to_owned() } else { format!("<div>{}</div>", escaped(l)) };
    text.lines().map(line).collect()
}

fn word_paragraphs(text: &str) -> String {
    let line = |l: &str| {
        let inner = if l.is_empty() { "<o:p>&nbsp;</o:p>".to_owned() } else { escaped(l) };
        format!("<p class=MsoNormal>{inner}</p>\n")
    };
    text.lines().map(line).collect()
}

fn letter(subject: &str, plain: Option<&str>, html: Option<&str>) -> String {
    let mut out = format!(
        "From: Kalle Kund <kalle@kund.test>\nTo: Butiken <support@exempelbutiken.test>\nSubject: {subject}\n\
         Date: Fri, 20 Nov 2026 09:01:02 +0100\nMessage-ID: <a@kund.test>\nMIME-Version: 1.0\n"
    );
    if !subject.starts_with('-') && subject.to_lowercase().starts_with("re") {
        out.push_str("In-Reply-To: <b@exempelbutiken.test>\nReferences: <b@exempelbutiken.test>\n");
    }
    let part = |kind: &str, text: &str| {
        format!("Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n")
    };
    match (plain, html) {
        (Some(p), Some(h)) => {
            let _ = write!(
                out,
                "Content-Type: multipart/alternative; boundary=b\n\n--b\n{}--b\n{}--b--\n",
                part("plain", p),
                part("html", h)
            );
        }
        (Some(p), None) => out.push_str(&part("plain", p)),
        (None, Some(h)) => out.push_str(&part("html", h)),
        (None, None) => {}
    }
    out
}

/// Collects what went wrong, so that one run shows it all.
#[derive(Default)]
struct Failures {
    count: usize,
    list: Vec<String>,
}

impl Failures {
    fn check(&mut self, what: &str, raw: &str, expect: &str) -> Letter {
        let letter = read(raw.as_bytes());
        self.count += 1;
        for cut in &letter.cuts {
            assert!(!rules::meaning(cut.rule).is_empty(), "explain has no words for {}", cut.rule);
        }
        if letter.new_text != expect {
            let rules: Vec<_> = letter.cuts.iter().map(|c| c.rule).collect();
            let body = raw.split_once("\n\n").map_or(raw, |p| p.1);
            self.list.push(format!(
                "== {what} (cut by {rules:?})\n-- expected\n{expect}\n-- got\n{}\n-- of\n{}\n",
                letter.new_text,
                if std::env::var_os("SVAR_WHOLE").is_some() { body } else { "" }
            ));
        }
        letter
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, got: T, expect: T) {
        if got != expect {
            self.list.push(format!("== {what}: expected {expect:?}, got {got:?}\n"));
        }
    }

    fn none(self, at_least: usize) {
        assert!(self.count >= at_least, "only {} letters were composed", self.count);
        assert!(self.list.is_empty(), "{} of {}:\n{}", self.list.len(), self.count, self.list.join("\n"));
    }
}

#[test]
fn text_below_an_attribution() {
    let mut failures = Failures::default();
    for t in templates("attributions.txt") {
        let answer = t.answer();
        let line = t.lines.join("\n");
        let what = |form: &str| format!("{} {} {form}: {line}", t.program, t.language);
        let re = format!("Re: {SUBJECT}");
        let quote = quoted(EARLIER, "> ");
        let tight = quoted(EARLIER, ">");
        for (form, text) in [
            ("above", format!("{answer}\n\n{line}\n\n{quote}")),
            ("right above", format!("{answer}\n{line}\n{quote}")),
            ("tight", format!("{answer}\n\n{line}\n{tight}")),
            ("wrapped at 72", format!("{answer}\n\n{}\n\n{quote}", wrapped(&line, 72))),
            ("wrapped at 50", format!("{answer}\n\n{}\n\n{quote}", wrapped(&line, 50))),
            ("quoted too", format!("{answer}\n\n> {line}\n>\n{quote}")),
            ("below", format!("{line}\n\n{quote}\n{answer}\n")),
        ] {
            failures.check(&what(form), &letter(&re, Some(&text), None), &answer);
        }
        if t.has_address {
            let bare = EARLIER.join("\n");
            failures.check(
                &what("unmarked"),
                &letter(&re, Some(&format!("{answer}\n\n{line}\n\n{bare}")), None),
                &answer,
            );
        }
        // A history: the quoted mail quotes one in its turn.
        let older = format!("{quote}>\n> {line}\n>> Hej!\n>>\n>> Har ni den blå?\n");
        failures.check(&what("history"), &letter(&re, Some(&format!("{answer}\n\n{line}\n{older}")), None), &answer);
        let (_, first, second) = t.words();
        let inline = format!("{line}\n> Hej Kalle,\n>\n> Vill du ha den blå?\n\n{first}\n\n> När?\n\n{second}");
        failures.check(&what("within"), &letter(&re, Some(&inline), None), &inline);
        let nothing = format!("{line}\n\n{quote}");
        failures.check(&what("nothing new"), &letter(&re, Some(&nothing), None), nothing.trim_end());
    }
    failures.none(1_000);
}

fn html_reply(program: &str, line: &str, answer: &str) -> String {
    let (line, answer, earlier) = (escaped(line), divs(answer), divs(&EARLIER.join("\n")));
    match program {
        "gmail" | "gmail-app" | "superhuman" | "edison" | "old-gmail" => format!(
            "<div dir=\"ltr\">{answer}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" \
             class=\"gmail_attr\">{line}<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;\
             border-left:1px solid rgb(204,204,204);padding-left:1ex\"><div dir=\"ltr\">{earlier}</div></blockquote></div>"
        ),
        "apple" => format!(
            "<html><body style=\"overflow-wrap: break-word;\">{answer}<br><div><br><blockquote type=\"cite\">\
             <div>{line}</div><br class=\"Apple-interchange-newline\"><div>{earlier}</div></blockquote></div><br></body></html>"
        ),
        "ios" => format!(
            "<html><body dir=\"auto\"><div dir=\"ltr\">{answer}</div><div dir=\"ltr\"><br><blockquote type=\"cite\">{line}\
             <br><br></blockquote></div><blockquote type=\"cite\"><div dir=\"ltr\">{earlier}</div></blockquote></body></html>"
        ),
        "thunderbird" => format!(
            "<html><body>{answer}<div class=\"moz-cite-prefix\">{line}<br></div><blockquote type=\"cite\" \
             cite=\"mid:b@exempelbutiken.test\">{earlier}</blockquote></body></html>"
        ),
        "yahoo" => format!(
            "<div class=\"ydp1yahoo-style-wrap\">{answer}<div><br></div></div><div id=\"ydp2yahoo_quoted_1\" \
             class=\"ydp2yahoo_quoted\"><div style=\"color:#26282a;\"><div>{line}</div><div><br></div><div><br></div>\
             <div>{earlier}</div></div></div>"
        ),
        "proton" | "proton-old" => format!(
            "<div>{answer}</div><div class=\"protonmail_signature_block protonmail_signature_block-empty\"></div>\
             <div class=\"protonmail_quote\">{line}<br><blockquote class=\"protonmail_quote\" type=\"cite\">{earlier}\
             </blockquote><br></div>"
        ),
        "zimbra" => format!(
            "<html><body><div>{answer}</div><hr id=\"zwchr\" data-marker=\"__DIVIDER__\"><div data-marker=\"__HEADERS__\">\
             {line}<br></div><div data-marker=\"__QUOTED_TEXT__\"><blockquote style=\"border-left:2px solid #1010FF;\
             margin-left:5px;padding-left:5px\">{earlier}</blockquote></div></body></html>"
        ),
        "roundcube" => format!(
            "<html><body>{answer}<p id=\"reply-intro\">{line}</p><blockquote type=\"cite\" style=\"padding: 0 0.4em; \
             border-left: #1010ff 2px solid; margin: 0\">{earlier}</blockquote></body></html>"
        ),
        "spark" => format!(
            "<html><body><div name=\"messageBodySection\">{answer}</div><div name=\"messageReplySection\">{line}<br>\
             <blockquote type=\"cite\" style=\"border-left-color: grey; border-left-width: thin; border-left-style: solid; \
             margin: 5px 5px;padding-left: 10px;\">{earlier}</blockquote></div></body></html>"
        ),
        "front" => format!(
            "<div>{answer}</div><br><blockquote type=\"cite\" class=\"front-blockquote\"><div>{line}</div><br>{earlier}\
             </blockquote>"
        ),
        "gmx" | "webde" => format!(
            "<html><body><div>{answer}</div><div name=\"quote\" style=\"margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; \
             border-left:2px solid #C3D9E5;\"><div style=\"margin:0 0 10px 0;\">{line}</div>{earlier}</div></body></html>"
        ),
        _ => format!(
            "<html><body>{answer}<div>{line}</div><blockquote type=\"cite\">{earlier}</blockquote></body></html>"
        ),
    }
}

#[test]
fn html_below_an_attribution() {
    let mut failures = Failures::default();
    for t in templates("attributions.txt") {
        let answer = t.answer();
        let line = t.lines.join("\n");
        let what = |form: &str| format!("{} {} {form}: {line}", t.program, t.language);
        let re = format!("Re: {SUBJECT}");
        let html = html_reply(&t.program, &line, &answer);
        let read = failures.check(&what("HTML"), &letter(&re, None, Some(&html)), &answer);
        let new_html = read.new_html().unwrap_or_default();
        if !new_html.contains("</div>") || new_html.contains("röda") {
            failures.list.push(format!("== {}: new HTML {new_html}", what("HTML")));
        }
        let text = format!("{answer}\n\n{line}\n\n{}", quoted(EARLIER, "> "));
        failures.check(&what("both"), &letter(&re, Some(&text), Some(&html)), &answer);
        let bare = format!("{answer}\n\n{line}\n\n{}", EARLIER.join("\n"));
        failures.check(&what("both, text unmarked"), &letter(&re, Some(&bare), Some(&html)), &answer);
    }
    failures.none(500);
}

fn bold_labels(lines: &[String]) -> String {
    let line = |l: &String| match l.split_once(": ") {
        Some((label, value)) => format!("<b>{label}:</b> {}<br>", escaped(value)),
        None => format!("{}<br>", escaped(l)),
    };
    lines.iter().filter(|l| !l.starts_with("___")).map(line).collect()
}

fn html_block(program: &str, lines: &[String], answer: &str) -> String {
    let (head, earlier) = (bold_labels(lines), EARLIER.join("\n"));
    match program {
        "outlook" | "windows-mail" => format!(
            "<html><body lang=SV><div class=WordSection1>{}<p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;\
             border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{head}</p></div>\
             <p class=MsoNormal><o:p>&nbsp;</o:p></p>{}</div></body></html>",
            word_paragraphs(answer),
            word_paragraphs(&earlier)
        ),
        "owa" => format!(
            "<html><body dir=\"ltr\">{}<div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" \
             tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\">{head}</font>\
             <div>&nbsp;</div></div><div>{}</div></body></html>",
            divs(answer),
            divs(&earlier)
        ),
        "outlook-mac" => format!(
            "<html><body>{}<div id=\"mail-editor-reference-message-container\"><div style=\"border:none;border-top:solid \
             #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in\"><p class=\"MsoNormal\" style=\"margin-bottom:12.0pt\">{head}</p></div>\
             {}</div></body></html>",
            word_paragraphs(answer),
            word_paragraphs(&earlier)
        ),
        "zimbra" => format!(
            "<html><body><div>{}</div><hr id=\"zwchr\"><blockquote style=\"border-left:2px solid #1010FF;margin-left:5px;\
             padding-left:5px;\">{head}<br>{}</blockquote></body></html>",
            divs(answer),
            divs(&earlier)
        ),
        _ => {
            format!("<html><body>{}<div><br></div><div>{head}</div><br>{}</body></html>", divs(answer), divs(&earlier))
        }
    }
}

#[test]
fn below_a_header_block() {
    let mut failures = Failures::default();
    for t in templates("blocks.txt") {
        let answer = t.answer();
        let block = t.lines.join("\n");
        let what = |form: &str| format!("{} {} {form}: {}", t.program, t.language, t.lines[0]);
        let re = format!("Re: {SUBJECT}");
        let earlier = EARLIER.join("\n");
        let stars: String = t
            .lines
            .iter()
            .map(|l| match l.split_once(": ") {
                Some((label, value)) if !l.starts_with('-') => format!("*{label}:* {value}\n"),
                _ => format!("{l}\n"),
            })
            .collect();
        let all_quoted = quoted(
            &t.lines.iter().map(String::as_str).chain([""]).chain(EARLIER.iter().copied()).collect::<Vec<_>>(),
            "> ",
        );
        for (form, text) in [
            ("text", format!("{answer}\n\n\n{block}\n\n{earlier}\n")),
            ("right above", format!("{answer}\n{block}\n{earlier}\n")),
            ("bold", format!("{answer}\n\n{stars}\n{earlier}\n")),
            ("quoted", format!("{answer}\n\n{all_quoted}")),
            ("text quoted below", format!("{answer}\n\n{block}\n\n{}", quoted(EARLIER, "> "))),
            ("history", format!("{answer}\n\n{block}\n\n{earlier}\n\n{block}\n\nHar ni den blå?\n")),
        ] {
            failures.check(&what(form), &letter(&re, Some(&text), None), &answer);
        }
        let html = html_block(&t.program, &t.lines, &answer);
        failures.check(&what("HTML"), &letter(&re, None, Some(&html)), &answer);
        let text = format!("{answer}\n\n{block}\n\n{earlier}\n");
        failures.check(&what("both"), &letter(&re, Some(&text), Some(&html)), &answer);
    }
    failures.none(700);
}

#[test]
fn forwarded_mails() {
    let mut failures = Failures::default();
    for t in templates("forwards.txt") {
        let note = t.answer();
        let block = t.lines.join("\n");
        let subject = match t.prefix.as_str() {
            "-" => format!("[{ADDRESS}: {SUBJECT}]"),
            prefix => format!("{prefix}: {SUBJECT}"),
        };
        let earlier = EARLIER.join("\n");
        let all: Vec<&str> = t.lines.iter().map(String::as_str).chain(EARLIER.iter().copied()).collect();
        let mut forms = vec![
            ("text", letter(&subject, Some(&format!("{note}\n\n{block}\n{earlier}\n")), None), note.as_str()),
            ("no note", letter(&subject, Some(&format!("{block}\n{earlier}\n")), None), ""),
            ("blank above", letter(&subject, Some(&format!("\n\n{block}\n{earlier}\n")), None), ""),
            ("HTML", letter(&subject, None, Some(&html_block(&t.program, &t.lines, &note))), note.as_str()),
        ];
        if t.program == "apple" {
            let text = format!("{note}\n\n{}", quoted(&all, "> "));
            forms.push(("quoted", letter(&subject, Some(&text), None), note.as_str()));
        }
        for (form, raw, expect) in forms {
            let what = format!("{} {} {form}: {}", t.program, t.language, t.lines[0]);
            let read = failures.check(&what, &raw, expect);
            let original = read.original.as_ref();
            let from = original.and_then(|o| o.from.as_ref()).map(|p| format!("{} <{}>", p.name, p.address));
            failures.same(&format!("{what} from"), from, Some(format!("{NAME} <{ADDRESS}>")));
            failures.same(&format!("{what} subject"), original.map(|o| o.subject.as_str()), Some(SUBJECT));
            failures.same(&format!("{what} text"), original.map(|o| o.text.as_str()), Some(earlier.as_str()));
        }
        // The same below an answer is no forward of the answer's.
        let reply = letter(
            &format!("Re: {SUBJECT}"),
            Some(&format!(
                "{note}\n\nOn Thu, 19 Nov 2026 at 10:12, Bo <bo@kund.test> wrote:\n> Se nedan.\n>\n{}",
                quoted(&all, "> ")
            )),
            None,
        );
        let read = failures.check(&format!("{} {} below an answer", t.program, t.language), &reply, &note);
        failures.same("no forward", read.original.is_none(), true);
    }
    failures.none(400);
}

/// What only looks like an attribution, a header block, a quote or a signature: every word stays.
#[test]
fn words_that_only_look_like_it() {
    let mut failures = Failures::default();
    for whole in &blocks("whole.txt") {
        for subject in ["Min väska", "Re: Min väska"] {
            let what = format!("{subject}: {}", whole.lines().next().unwrap_or_default());
            failures.check(&what, &letter(subject, Some(whole), None), whole);
            failures.check(&format!("HTML {what}"), &letter(subject, None, Some(&divs(whole))), whole);
        }
        // The history below it goes, and nothing else.
        let answered =
            format!("{whole}\n\nDen 19 nov. 2026 kl. 09:12 skrev {NAME} <{ADDRESS}>:\n{}", quoted(EARLIER, "> "));
        let what = format!("above a quote: {}", whole.lines().next().unwrap_or_default());
        failures.check(&what, &letter("Re: Min väska", Some(&answered), None), whole);
    }
    failures.none(200);
}

fn blocks(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/templates").join(file);
    let text = std::fs::read_to_string(path).expect("the texts");
    let text: String = text.lines().filter(|l| !l.starts_with("# ")).map(|l| format!("{l}\n")).collect();
    text.split("\n====\n").map(|t| t.trim_matches('\n').to_owned()).filter(|t| !t.is_empty()).collect()
}

#[test]
fn what_stands_below_a_text() {
    let mut failures = Failures::default();
    let devices: Vec<String> =
        blocks("devices.txt").iter().flat_map(|b| b.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    for (n, ending) in devices.into_iter().chain(blocks("endings.txt")).enumerate() {
        // Each below two languages: Swedish, and the others by turns.
        for (language, first, second) in [&ANSWERS[0], &ANSWERS[1 + n % 11]] {
            let answer = format!("{first}\n\n{second}");
            let what = format!("{language}: {ending}");
            let text = format!("{answer}\n\n{ending}");
            failures.check(&what, &letter("Min väska", Some(&text), None), &answer);
            failures.check(&format!("HTML {what}"), &letter("Min väska", None, Some(&divs(&text))), &answer);
            let line = format!("Den 19 nov. 2026 kl. 09:12 skrev {NAME} <{ADDRESS}>:");
            let above = format!("{text}\n\n{line}\n{}", quoted(EARLIER, "> "));
            failures.check(&format!("above a quote {what}"), &letter("Re: Min väska", Some(&above), None), &answer);
            let below = format!("{line}\n{}\n{text}", quoted(EARLIER, "> "));
            failures.check(&format!("below a quote {what}"), &letter("Re: Min väska", Some(&below), None), &answer);
        }
        // Nothing else was written: everything stays.
        let alone = format!("{ending}\n\n> {NAME} <{ADDRESS}> skrev 2026-11-19 09:12:\n> Hej!");
        let read = read(letter("Re: Min väska", Some(&alone), None).as_bytes());
        failures.same(&format!("alone: {ending}"), read.new_text.is_empty(), false);
    }
    failures.none(1_000);
}
