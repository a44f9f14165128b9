// Reads what an HTTP answer says of its server's certificate.
#pragma once

#include <string_view>

#include "interpreter/base/http_client.h"

namespace perilune {

// The names, issuer and validity of the first certificate of PEM text; empty where there is none.
HttpCertificate read_certificate(std::string_view pem);

}  // namespace perilune
