// Certificates made while a test runs: an authority, and servers' certificates good and bad.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace perilune::test {

struct CertificateWish {
    std::vector<std::string> names = {"localhost"};      // DNS names.
    std::vector<std::string> addresses = {"127.0.0.1"};  // IP addresses.
    double starts_in_s = -3600;
    double ends_in_s = 3600;
    bool self_signed = false;  // Signed by its own key and not by the authority.
};

struct IssuedCertificate {
    std::string certificate_pem;
    std::string key_pem;
};

class CertificateAuthority {
public:
    CertificateAuthority();
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    const std::string& pem() const;   // The authority's own certificate.
    const std::string& path() const;  // A file that holds it, removed with this object.
    IssuedCertificate issue(const CertificateWish& wish = {}) const;

private:
    struct Hidden;
    std::unique_ptr<Hidden> hidden_;
};

}  // namespace perilune::test
