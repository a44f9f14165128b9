// Makes keys and certificates with OpenSSL, as tests of TLS need them.
#include "tests/support/certificates.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace perilune::test {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Stream {
    Stream() : bio(BIO_new(BIO_s_mem())) {}
    ~Stream() { BIO_free(bio); }
    std::string text() const {
        std::string out(BIO_ctrl_pending(bio), '\0');
        BIO_read(bio, out.data(), static_cast<int>(out.size()));
        return out;
    }
    BIO* bio;
};

Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void set_name(X509_NAME* name, const std::string& common_name) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    if (!made) throw std::runtime_error("cannot make the extension " + value);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

Certificate make_certificate(EVP_PKEY* key, double starts_in_s, double ends_in_s) {
    static std::atomic<long> serial = 1;
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++ + 1000L * getpid());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), static_cast<long>(starts_in_s));
    X509_gmtime_adj(X509_getm_notAfter(made.get()), static_cast<long>(ends_in_s));
    X509_set_pubkey(made.get(), key);
    return made;
}

std::string certificate_text(X509* certificate) {
    const Stream out;
    PEM_write_bio_X509(out.bio, certificate);
    return out.text();
}

}  // namespace

struct CertificateAuthority::Hidden {
    Key key = make_key();
    Certificate certificate{nullptr, X509_free};
    std::string pem;
    std::string path;
};

CertificateAuthority::CertificateAuthority() : hidden_(std::make_unique<Hidden>()) {
    EVP_PKEY* const key = hidden_->key.get();
    hidden_->certificate = make_certificate(key, -86400, 86400);
    X509* const own = hidden_->certificate.get();
    set_name(X509_get_subject_name(own), "Perilune test authority");
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, NID_key_usage, "critical,keyCertSign,cRLSign");
    X509_sign(own, key, EVP_sha256());
    hidden_->pem = certificate_text(own);
    std::string path = "/tmp/perilune-authority-XXXXXX";
    const int fd = ::mkstemp(path.data());
    if (fd < 0) throw std::runtime_error("cannot make a temporary file");
    ::close(fd);
    std::ofstream(path) << hidden_->pem;
    hidden_->path = path;
}

CertificateAuthority::~CertificateAuthority() { ::unlink(hidden_->path.c_str()); }

const std::string& CertificateAuthority::pem() const { return hidden_->pem; }

const std::string& CertificateAuthority::path() const { return hidden_->path; }

IssuedCertificate CertificateAuthority::issue(const CertificateWish& wish) const {
    const Key key = make_key();
    const Certificate made = make_certificate(key.get(), wish.starts_in_s, wish.ends_in_s);
    set_name(X509_get_subject_name(made.get()), "Perilune test server");
    X509_NAME* const own_name = X509_get_subject_name(made.get());
    X509_set_issuer_name(made.get(), wish.self_signed
                                         ? own_name
                                         : X509_get_subject_name(hidden_->certificate.get()));
    std::string alternatives;
    const auto add = [&](const std::string& entry) {
        alternatives += (alternatives.empty() ? "" : ",") + entry;
    };
    for (const auto& name : wish.names) add("DNS:" + name);
    for (const auto& address : wish.addresses) add("IP:" + address);
    if (!alternatives.empty()) add_extension(made.get(), NID_subject_alt_name, alternatives);
    X509_sign(made.get(), wish.self_signed ? key.get() : hidden_->key.get(), EVP_sha256());
    const Stream key_text;
    PEM_write_bio_PrivateKey(key_text.bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {.certificate_pem = certificate_text(made.get()), .key_pem = key_text.text()};
}

}  // namespace perilune::test
