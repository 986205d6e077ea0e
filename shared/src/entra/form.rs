//! The form of a token request. It contains the proofs of the application and of the user, so its memory is overwritten
//! before it is freed.

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use secrecy::zeroize::Zeroizing;

/// The body with these fields. It is wiped when the last request that uses it has ended.
pub(super) fn encode(fields: &[(&str, &str)]) -> Bytes {
    // There is room for every byte as `%XX`, because a buffer that grows leaves a copy of its content in its old
    // memory.
    let room = fields.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut form = Zeroizing::new(Vec::with_capacity(room));
    for (name, value) in fields {
        if !form.is_empty() {
            form.push(b'&');
        }
        form.extend_from_slice(name.as_bytes());
        form.push(b'=');
        for part in byte_serialize(value.as_bytes()) {
            form.extend_from_slice(part.as_bytes());
        }
    }
    Bytes::from_owner(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded_as_forms_have_them() {
        let form = encode(&[("scope", "https://a/.default"), ("client_secret", "a~b +&=é%"), ("empty", "")]);
        let expected = "scope=https%3A%2F%2Fa%2F.default&client_secret=a%7Eb+%2B%26%3D%C3%A9%25&empty=";
        assert_eq!(form, expected);
    }
}
