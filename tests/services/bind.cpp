#include "tests/services/bind.h"

namespace perilune::test {

BindPrimary::BindPrimary(const std::string& algorithm) {
    folder_.write(
        "zone", "$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 300\n@ NS ns1\nns1 A 127.0.0.1\n");
    folder_.write(
        "named.conf",
        "key \"" + std::string(key_name) + "\" { algorithm " + algorithm + "; secret \"" + key +
            "\"; };\noptions { directory \"" + folder_.path() +
            "\"; recursion no; pid-file \"pid\"; session-keyfile \"session\"; notify no; "
            "listen-on-v6 { none; }; listen-on port " +
            std::to_string(port_) +
            " { 127.0.0.1; }; };\ncontrols { };\nzone \"example.org\" { type primary; file "
            "\"zone\"; check-integrity no; allow-update { key " +
            key_name + "; }; allow-transfer { key " + key_name + "; }; };\n");
    service_.start({"/usr/sbin/named", "-g", "-c", folder_.at("named.conf"), "-n", "1"},
                   [this] { return accepts(port_) && !dig("example.org", "SOA").empty(); });
}

std::string BindPrimary::dig(const std::string& name, const std::string& type) const {
    const ProgramEnd ended = run_to_end({"dig", "@127.0.0.1", "-p", std::to_string(port_), "+short",
                                         "+tries=1", "+time=2", name, type});
    return ended.code == 0 ? ended.output : "";
}

}  // namespace perilune::test
