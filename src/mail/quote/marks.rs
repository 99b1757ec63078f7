//! The elements that mail programs set in HTML where the answered mail begins, and around signatures.

use crate::mail::html::SEPARATOR_CLASS;
use crate::mail::html::parse::{Element, SIGNATURE};

/// By class. A class may end with the word: Yahoo puts an id of its own before it, Outlook on the web `x_`.
const CLASSES: &[(&str, &str)] = &[
    ("gmail_quote", "gmail-quote"),
    ("gmail_quote_container", "gmail-quote"),
    ("gmail_attr", "gmail-attribution"),
    ("gmail_quote_attribution", "gmail-attribution"),
    ("moz-cite-prefix", "thunderbird-attribution"),
    ("moz-forward-container", "thunderbird-forward"),
    ("yahoo_quoted", "yahoo-quote"),
    ("ymail_quoted", "yahoo-quote"),
    ("protonmail_quote", "proton-quote"),
    ("zmail_extra", "zoho-quote"),
    ("OutlookMessageHeader", "outlook-header"),
    ("tutanota_quote", "tuta-quote"),
    ("AppleOriginalContents", "apple-quote"),
    ("front-blockquote", "front-quote"),
    ("airmail_on", "airmail-attribution"),
    ("mail-quote-collapse", "mailru-quote"),
    ("gmail_signature", SIGNATURE),
    ("moz-signature", SIGNATURE),
    ("protonmail_signature_block", SIGNATURE),
    ("front-signature", SIGNATURE),
];
const IDS: &[(&str, &str)] = &[
    ("divRplyFwdMsg", "outlook-reply"),
    ("appendonsend", "outlook-reply"),
    ("mail-editor-reference-message-container", "outlook-reply"),
    ("OLK_SRC_BODY_SECTION", "outlook-reply"),
    ("replySplit", "roundcube-reply"),
    ("reply-intro", "roundcube-reply"),
    ("zwchr", "zimbra-quote"),
    ("quoted_header", "samsung-quote"),
    ("Signature", SIGNATURE),
    ("ms-outlook-mobile-signature", SIGNATURE),
    ("AppleMailSignature", SIGNATURE),
    ("lineBreakAtBeginningOfSignature", SIGNATURE),
];
const NAMES: &[(&str, &str)] =
    &[("messageReplySection", "spark-quote"), ("messageSignatureSection", SIGNATURE), ("quote", "gmx-quote")];

/// The rule that an element's beginning stands for.
pub(in crate::mail) fn of(element: &Element) -> Option<&'static str> {
    if element.has_class(SEPARATOR_CLASS) {
        return Some("svar-separator");
    }
    let class = element.get("class");
    let id = element.id();
    if class.is_empty() && id.is_empty() && element.tag != "div" && element.tag != "blockquote" {
        return None;
    }
    if let Some((_, rule)) = IDS.iter().find(|(i, _)| !id.is_empty() && id.ends_with(i)) {
        return Some(rule);
    }
    // `MsoNormal` stands on every paragraph of Word's.
    if !class.is_empty() && class != "MsoNormal" {
        let named = |c: &str| CLASSES.iter().find(|(word, _)| c.ends_with(word)).map(|(_, rule)| *rule);
        if let Some(rule) = class.split_ascii_whitespace().find_map(named) {
            return Some(rule);
        }
    }
    if element.tag != "div" {
        return None;
    }
    let name = element.get("name");
    if let Some((_, rule)) = NAMES.iter().find(|(n, _)| *n == name) {
        return Some(rule);
    }
    let style: String =
        element.get("style").chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    // Outlook for Windows and for Mac: a line above the header block.
    let outlook = style.contains("border-top:solid")
        && ["#e1e1e1", "#b5c4df", "#cccccc"].iter().any(|c| style.contains(c))
        && style.contains("border:none");
    outlook.then_some("outlook-border")
}
