// The zone_file driver: its settings, and how one is made.
#include "bindings/dns/zone_file.h"

#include "bindings/dns/dns.h"
#include "bindings/dns/names.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "path",
     .doc = "The zone file (RFC 1035). A lock file with \".lock\" added stands beside it.",
     .identity = true},
    {.name = "zone", .doc = "The zone's name, such as example.com.", .identity = true},
    {.name = "servers",
     .type = Type::list,
     .doc = "The name servers that serve the file: \"address\", \"address:port\", a host name, or "
            "\"ns\" for those of the zone's NS records. With them, lookup asks them, and a change "
            "returns when all of them answer with the new serial. Without them the file itself "
            "answers, as \"zone file\".",
     .need = Need::optional},
    {.name = "resolvers",
     .type = Type::list,
     .doc = "What \"resolvers\" asks. Otherwise the system's (/etc/resolv.conf) where servers are "
            "given, else the file itself, CNAMEs followed within the zone.",
     .need = Need::optional},
    {.name = "reload",
     .type = Type::list,
     .doc = "A program to execute after each change, such as [/usr/sbin/rndc, reload, "
            "example.com]: its whole path and its arguments, no shell.",
     .need = Need::optional},
};

constexpr std::string_view zone_operations[] = {"list",   "get",   "lookup", "resolves",
                                                "serial", "drift", "export", "upsert",
                                                "delete", "batch", "set_ttl"};

std::vector<std::string> texts(const Value& list) {
    std::vector<std::string> all;
    for (const auto& one : list.list()) all.push_back(one.text());
    return all;
}

Result<Driver> make_zone_file(const Settings& given, Services& services) {
    const auto name = checked_name(given.values["zone"].text());
    if (!name || *name == "@" || *name == ".")
        return fail("bad_setting", "The setting zone of " + given.target +
                                       " must be a domain name such as example.com.");
    auto file = std::make_shared<ZoneFile>(ZoneFile{.loop = services.loop});
    file->target = given.target;
    file->path = path_below(given.folder, given.values["path"].text());
    file->zone = absolute_name(*name, ".");
    file->servers = texts(given.values["servers"]);
    file->resolvers = texts(given.values["resolvers"]);
    file->reload = texts(given.values["reload"]);
    if (!file->reload.empty() && !file->reload[0].starts_with('/'))
        return fail("bad_setting", "The setting reload of " + given.target +
                                       " must begin with the whole path of a program, such as "
                                       "/usr/sbin/rndc.");
    Driver driver;
    add_zone_observes(driver, file);
    add_zone_changes(driver, file);
    driver.state = file;
    return driver;
}

}  // namespace

Result<ZoneText> ZoneFile::load() const {
    const auto text = read_file(path);
    if (!text) return text.error();
    return parse_zone(*text, zone, path);
}

const DriverKind zone_file_kind = {
    .family = "dns",
    .name = "zone_file",
    .doc =
        "A zone file (RFC 1035) on this host, edited in place: comments, order and form of what "
        "is not changed stay, the SOA's serial goes up with every change, and the file is "
        "replaced whole.",
    .settings = settings,
    .operations = zone_operations,
    .make = make_zone_file,
    .acts_in_host = true,
    .doctor_checks = "the file and its serial",
    .doctor_cannot = "whether the server reads it again",
};

}  // namespace perilune
