//! A CA of the tests, and what it issues.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};

pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// What a certificate is for, where it is not just any.
pub(crate) struct Wish {
    pub(crate) names: &'static [&'static str],
    pub(crate) years: (i32, i32),
    pub(crate) serial: u64,
    pub(crate) purpose: ExtendedKeyUsagePurpose,
    pub(crate) key: KeyPair,
}

impl Wish {
    pub(crate) fn client(name: &'static str) -> Self {
        let names = Box::leak(Box::new([name]));
        let purpose = ExtendedKeyUsagePurpose::ClientAuth;
        Self { names, years: (2020, 2100), serial: 7, purpose, key: KeyPair::generate().unwrap() }
    }

    pub(crate) fn server(name: &'static str) -> Self {
        Self { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..Self::client(name) }
    }
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key.
    pub(crate) fn issue(&self, wish: &Wish) -> (String, String) {
        let names: Vec<String> = wish.names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.subject_alt_names.push(SanType::Rfc822Name("joe@example.org".try_into().unwrap()));
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Example Org");
        params.distinguished_name.push(DnType::CommonName, wish.names[0]);
        params.not_before = date_time_ymd(wish.years.0, 1, 1);
        params.not_after = date_time_ymd(wish.years.1, 1, 1);
        params.serial_number = Some(SerialNumber::from(wish.serial));
        params.extended_key_usages = vec![wish.purpose.clone()];
        (params.signed_by(&wish.key, &self.0).unwrap().pem(), wish.key.serialize_pem())
    }

    /// A revocation list with this serial number, good until that year.
    pub(crate) fn revoke(&self, serial: u64, until: i32) -> String {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2021, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }
}
