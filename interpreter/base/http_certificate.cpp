// Reads a server's certificate with OpenSSL: names, issuer and the days it is valid.
#include "interpreter/base/http_certificate.h"

#include <array>
#include <ctime>
#include <memory>

#include <arpa/inet.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace perilune {

namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Stream = std::unique_ptr<BIO, decltype(&BIO_free)>;

double unix_time(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1) return 0;
    return static_cast<double>(timegm(&broken));
}

std::string bytes_of(const ASN1_STRING* text) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string shown_name(const X509_NAME* name) {
    const Stream out(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    std::string shown(1024, '\0');
    const int length = BIO_read(out.get(), shown.data(), static_cast<int>(shown.size()));
    shown.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return shown;
}

std::string shown_address(const ASN1_OCTET_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> shown{};
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    if (ASN1_STRING_length(address) != 4 && ASN1_STRING_length(address) != 16) return {};
    inet_ntop(family, ASN1_STRING_get0_data(address), shown.data(), shown.size());
    return shown.data();
}

std::vector<std::string> alternative_names(const X509* certificate) {
    std::vector<std::string> names;
    auto* const list = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
        if (name->type == GEN_DNS) names.push_back(bytes_of(name->d.dNSName));
        if (name->type == GEN_IPADD) names.push_back(shown_address(name->d.iPAddress));
    }
    GENERAL_NAMES_free(list);
    return names;
}

}  // namespace

HttpCertificate read_certificate(std::string_view pem) {
    HttpCertificate found;
    const Stream text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const Certificate certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr),
                                  X509_free);
    if (!certificate) return found;
    found.names = alternative_names(certificate.get());
    found.issuer = shown_name(X509_get_issuer_name(certificate.get()));
    found.starts_at = unix_time(X509_get0_notBefore(certificate.get()));
    found.ends_at = unix_time(X509_get0_notAfter(certificate.get()));
    return found;
}

}  // namespace perilune
