//! `Authentication-Results` (RFC 8601): what a server says it found out about the sender.

pub mod suffix;
pub mod verdict;

use crate::mail::header::unfold;
use crate::mail::letter::{AuthenticationResults, MethodResult};

/// How many such fields, and results of one, are read.
pub const MAX_RESULTS: usize = 50;

/// Reads one field. `received_above`: how many `Received` fields stand above it.
#[must_use]
pub fn results(value: &[u8], received_above: usize) -> AuthenticationResults {
    let text = unfold(&value[..value.len().min(16_000)]);
    let mut segments = segments(&text).into_iter();
    let mut out = AuthenticationResults { received_above, ..AuthenticationResults::default() };
    let first = segments.next().unwrap_or_default();
    // Microsoft 365 writes no authserv-id: the first segment is already a result.
    if first.first().is_some_and(|t| t.contains('=')) {
        out.results.extend(method(&first));
    } else {
        out.authserv_id = first.first().cloned().unwrap_or_default();
    }
    out.results.extend(segments.take(MAX_RESULTS).filter_map(|s| method(&s)));
    out
}

/// `dmarc=pass policy.dmarc=none header.from=a.test` after comments were dropped.
fn method(tokens: &[String]) -> Option<MethodResult> {
    let (method, result) = tokens.first()?.split_once('=')?;
    // `dkim/1` names a version of the method.
    let method = method.split('/').next().unwrap_or(method);
    let properties = tokens[1..].iter().filter_map(|t| t.split_once('=')).take(MAX_RESULTS);
    Some(MethodResult {
        method: method.to_owned(),
        result: result.to_owned(),
        properties: properties.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
    })
}

/// The tokens between semicolons, lower case, quoted strings opened, comments dropped, `a = b` joined to `a=b`.
fn segments(text: &str) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let mut token = String::new();
    let mut chars = text.chars().peekable();
    let flush = |token: &mut String, out: &mut Vec<Vec<String>>| {
        if token.is_empty() {
            return;
        }
        let token = std::mem::take(token);
        if let Some(segment) = out.last_mut() {
            match segment.last_mut() {
                // White space may stand around `=`, and around the dot of a property's name.
                Some(last)
                    if last.ends_with('=')
                        || token.starts_with('=')
                        || (!last.contains('=') && (last.ends_with('.') || token.starts_with('.'))) =>
                {
                    last.push_str(&token);
                }
                _ => segment.push(token),
            }
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '(' => {
                flush(&mut token, &mut out);
                let mut depth = 1usize;
                while depth > 0 {
                    match chars.next() {
                        Some('(') => depth += 1,
                        Some(')') => depth -= 1,
                        Some('\\') => {
                            chars.next();
                        }
                        Some(_) => {}
                        None => break,
                    }
                }
            }
            '"' => {
                while let Some(q) = chars.next() {
                    match q {
                        '\\' => token.extend(chars.next().into_iter().flat_map(char::to_lowercase)),
                        '"' => break,
                        _ => token.extend(q.to_lowercase()),
                    }
                }
            }
            ';' => {
                flush(&mut token, &mut out);
                if out.len() > MAX_RESULTS {
                    break;
                }
                out.push(Vec::new());
            }
            c if c.is_whitespace() => flush(&mut token, &mut out),
            c => token.extend(c.to_lowercase()),
        }
    }
    flush(&mut token, &mut out);
    out.retain(|s| !s.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expect: &str) {
        let got = results(value.as_bytes(), 0);
        let mut text = got.authserv_id.clone();
        for r in &got.results {
            text += &format!(" {}:{}", r.method, r.result);
            for (n, v) in &r.properties {
                text += &format!(",{n}={v}");
            }
        }
        assert_eq!(text, expect, "{value:?}");
    }

    #[test]
    fn fields() {
        check("mx.A.test; dmarc=pass header.from=A.test", "mx.a.test dmarc:pass,header.from=a.test");
        check("mx.a.test 1; none", "mx.a.test");
        check(
            "mx.a.test;\r\n dkim=pass (2048-bit; x=y) header.d=a.test header.i=\"@a.test\";\r\n spf=fail smtp.mailfrom=x@a.test",
            "mx.a.test dkim:pass,header.d=a.test,header.i=@a.test spf:fail,smtp.mailfrom=x@a.test",
        );
        check(
            "spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=a.test; dmarc=none action=none header.from=a.test;compauth=pass reason=100",
            " spf:pass,smtp.mailfrom=a.test dmarc:none,action=none,header.from=a.test compauth:pass,reason=100",
        );
        check("mx.a.test; dkim/1 = pass (c (nested) c) header.d = a.test", "mx.a.test dkim:pass,header.d=a.test");
        check(
            "mx.a.test; auth=pass smtp.auth=anna@a.test smtp.mailfrom=anna@a.test",
            "mx.a.test auth:pass,smtp.auth=anna@a.test,smtp.mailfrom=anna@a.test",
        );
        check("", "");
        check("a; b=(", "a b:");
        // RFC 8601, appendix B: a quoted id, a reason, comments and folding anywhere.
        check(
            "\"MX.a.test\" 1; dkim=fail reason=\"bad signature; no\" header.i=@A.test",
            "mx.a.test dkim:fail,reason=bad signature; no,header.i=@a.test",
        );
        check(
            "(c) mx.a.test (c) 1 (c);\r\n\tspf (c) = (c) pass (c) smtp (c) . (c) mailfrom (c) = (c) a.test",
            "mx.a.test spf:pass,smtp.mailfrom=a.test",
        );
        check(
            "mx.a.test; iprev=pass policy.iprev=192.0.2.1; dkim-adsp=none; x-ptr=pass x.y=z",
            "mx.a.test iprev:pass,policy.iprev=192.0.2.1 dkim-adsp:none x-ptr:pass,x.y=z",
        );
        check("mx.a.test; dkim=pass header.d=a.test.  header.s=x", "mx.a.test dkim:pass,header.d=a.test.,header.s=x");
        check("mx.a.test;;; spf=pass;", "mx.a.test spf:pass");
    }
}
