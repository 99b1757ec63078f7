//! Replies as the mail programs in use compose them: Thunderbird, Apple Mail, Outlook, Gmail's web page and iOS; text, HTML, or both.

use svar::mail::letter::Letter;

/// A mail program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Thunderbird,
    Apple,
    Outlook,
    Gmail,
    Ios,
}

impl Client {
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("thunderbird", Self::Thunderbird),
        ("apple", Self::Apple),
        ("outlook", Self::Outlook),
        ("gmail", Self::Gmail),
        ("ios", Self::Ios),
    ];

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, client)| *client)
    }

    /// Text and HTML of a reply to `to` by `from`, who wrote `words`.
    pub fn compose(self, to: &Letter, from: &str, words: &str) -> (String, String) {
        let author = to.from.as_ref().map(|p| p.address.to_string()).unwrap_or_default();
        let name = to.from.as_ref().map(|p| p.name.clone()).unwrap_or_default();
        let words = words.trim_end();
        let quoted = quoted(&to.text);
        let original = lines(&to.text, "<br>\n");
        match self {
            Self::Thunderbird => {
                let said = format!("Den 2026-11-20 kl. 09:00, skrev {name}:");
                let html = format!(
                    "<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\">\n  </head>\n\
                     <body>\n    {}\n    <div class=\"moz-cite-prefix\">{}<br>\n    </div>\n    <blockquote type=\"cite\" \
                     cite=\"mid:x@y\">\n      {original}\n    </blockquote>\n    <br>\n    <pre class=\"moz-signature\" cols=\"72\">-- \nAnna \
                     Andersson</pre>\n  </body>\n</html>",
                    paragraphs(words, "<p>", "<br>\n    </p>\n    "),
                    escaped(&said)
                );
                (format!("{words}\n\n{said}\n{quoted}\n\n-- \nAnna Andersson\n"), html)
            }
            Self::Apple => {
                let said = format!("20 nov. 2026 kl. 09:00 skrev {name} <{author}>:");
                let html = format!(
                    "<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"></head><body style=\"overflow-wrap: \
                     break-word; -webkit-nbsp-mode: space; line-break: after-white-space;\">{}<br id=\"lineBreakAtBeginningOfMessage\"><div><br>\
                     <blockquote type=\"cite\"><div>{}</div><br class=\"Apple-interchange-newline\"><div>{original}</div></blockquote></div><br>\
                     </body></html>",
                    paragraphs(words, "<div>", "</div>"),
                    escaped(&said)
                );
                (format!("{words}\n\n> {said}\n> \n{quoted}\n"), html)
            }
            Self::Outlook => {
                let head =
                    [("Från:", format!("{name} <{author}>")), ("Skickat:", "den 20 november 2026 09:00".to_owned())];
                let more = [("Till:", from.to_owned()), ("Ämne:", to.subject.clone())];
                let all: Vec<(&str, String)> = head.into_iter().chain(more).collect();
                let plain: String = all.iter().map(|(label, value)| format!("{label} {value}\n")).collect();
                let marked: Vec<String> =
                    all.iter().map(|(label, value)| format!("<b>{label}</b> {}", escaped(value))).collect();
                let html = format!(
                    "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><meta http-equiv=Content-Type content=\"text/html; \
                     charset=utf-8\"><style><!-- p.MsoNormal {{margin:0cm;}} --></style></head><body lang=SV><div class=WordSection1>{}\
                     <p class=MsoNormal><o:p>&nbsp;</o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm \
                     0cm'><p class=MsoNormal>{}<o:p></o:p></p></div><p class=MsoNormal>{original}<o:p></o:p></p></div></body></html>",
                    paragraphs(words, "<p class=MsoNormal>", "<o:p></o:p></p>\n"),
                    marked.join("<br>\n")
                );
                (format!("{words}\n\n{plain}\n{}", to.text), html)
            }
            Self::Gmail => {
                let said = format!("Den fre 20 nov. 2026 kl 09:00 skrev {name} <{author}>:");
                let mut all = words.lines();
                let first = all.next().unwrap_or_default().to_owned();
                let rest: Vec<&str> = all.collect();
                let html = format!(
                    "<div dir=\"ltr\">{}{}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">{}<br>\
                     </div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);\
                     padding-left:1ex\">{original}</blockquote></div>",
                    linked(&first),
                    paragraphs(&rest.join("\n"), "<div>", "</div>"),
                    escaped(&said)
                );
                (format!("{words}\n\n{said}\n\n{quoted}\n"), html)
            }
            Self::Ios => {
                let said = format!("20 nov. 2026 kl. 09:00 skrev {name} <{author}>:");
                let html = format!(
                    "<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"></head><body dir=\"auto\">{}<div \
                     id=\"AppleMailSignature\" dir=\"ltr\">Skickat från min iPhone</div><div dir=\"ltr\"><br><blockquote type=\"cite\">{}<br><br>\
                     </blockquote></div><blockquote type=\"cite\"><div dir=\"ltr\">{original}</div></blockquote></body></html>",
                    paragraphs(words, "<div dir=\"ltr\">", "</div>"),
                    escaped(&said)
                );
                (format!("{words}\nSkickat från min iPhone\n\n> {said}\n> \n{quoted}\n"), html)
            }
        }
    }
}

fn quoted(text: &str) -> String {
    text.lines().map(|l| if l.starts_with('>') { format!(">{l}\n") } else { format!("> {l}\n") }).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Addresses become links, as these programs make them while one types.
fn linked(line: &str) -> String {
    let word = |w: &str| {
        let address = w.contains('@') && w.contains('.') && !w.starts_with('@');
        if address { format!("<a href=\"mailto:{w}\">{w}</a>") } else { escaped(w) }
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn lines(text: &str, between: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join(between)
}

fn paragraphs(text: &str, open: &str, close: &str) -> String {
    let line = |l: &str| {
        let inner = if l.is_empty() { "<br>".to_owned() } else { linked(l) };
        format!("{open}{inner}{close}")
    };
    text.lines().map(line).collect()
}
