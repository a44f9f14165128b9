// The driver `rfc2136`: any server that takes DNS UPDATE with TSIG, such as BIND, Knot or PowerDNS.
#include <algorithm>
#include <map>

#include "bindings/dns/dns.h"
#include "bindings/dns/dns_client.h"
#include "bindings/dns/dns_exchange.h"
#include "bindings/dns/names.h"
#include "bindings/dns/record_set.h"
#include "bindings/dns/tsig.h"
#include "bindings/dns/update_codec.h"
#include "interpreter/base/findings.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr double exchange_s_max = 30;

constexpr Setting settings_table[] = {
    {.name = "zone", .doc = "The zone: example.com.", .identity = true},
    {.name = "server",
     .doc = "The primary server that takes updates: \"address\", \"address:port\" or a host name.",
     .identity = true},
    {.name = "key_name", .doc = "The TSIG key's name."},
    {.name = "key",
     .type = Type::secret,
     .doc = "The TSIG key's secret in base64, as tsig-keygen writes it."},
    {.name = "algorithm",
     .doc = "The TSIG key's algorithm.",
     .need = Need::optional,
     .fallback = "hmac-sha256",
     .choices = "hmac-sha256|hmac-sha512|hmac-sha384|hmac-sha1"},
    {.name = "name_servers",
     .type = Type::list,
     .doc = "The servers that are asked as authoritative; otherwise the zone's NS.",
     .need = Need::optional},
    {.name = "resolvers",
     .type = Type::list,
     .doc = "What \"resolvers\" asks; otherwise the system's (/etc/resolv.conf).",
     .need = Need::optional},
};

constexpr std::string_view operation_names[] = {"list",   "get",    "drift", "lookup", "resolves",
                                                "upsert", "delete", "batch", "set_ttl"};

struct Primary {
    Loop& loop;
    std::string target;
    std::string zone;
    std::string server;
    std::string key_name;
    std::string algorithm;
    Value key;
};
using PrimaryPointer = std::shared_ptr<const Primary>;

Result<TsigKey> key_of(const Primary& primary, const Call& call) {
    const auto opened = open_text(call, primary.key);
    if (!opened) return opened.error();
    auto secret = from_base64(*opened);
    if (!secret || secret->empty())
        return fail("credentials_refused",
                    "The TSIG key of " + primary.target + " is no base64 text. Check the secret.");
    return TsigKey{primary.key_name, primary.algorithm, std::move(*secret)};
}

Error in_words(const Primary& primary, const std::string& doing, const Error& error) {
    Error told = error;
    told.message = doing + " " + primary.zone + " at " + primary.server + " for " + primary.target +
                   " failed: " + error.message;
    return told;
}

Error refused(const Primary& primary, const std::string& code) {
    if (code == "REFUSED" || code == "NOTAUTH")
        return fail("credentials_refused",
                    "the server answered " + code + ". Check that the key " + primary.key_name +
                        " may transfer and update the zone, and that the server is its primary.");
    const Retry retry = code == "SERVFAIL" ? Retry::safe : Retry::never;
    return fail("refused", "the server answered " + code + ".", retry);
}

// Sends a signed request and gives the records of all messages that answer it, up to `ended`.
Result<std::vector<DnsRecord>> exchange(const Primary& primary, const Call& call,
                                        const Result<std::string>& request, std::uint16_t id,
                                        bool (*ended)(const std::vector<DnsRecord>&)) {
    if (!request) return request.error();
    const auto key = key_of(primary, call);
    if (!key) return key.error();
    const auto server = find_server(primary.server);
    if (!server) return server.error();
    const double until_s = std::min(call.deadline_s, boot_now_s() + exchange_s_max);
    const auto now_s = [] { return static_cast<std::uint64_t>(wall_now_s()); };
    const SignedMessage sent = sign_message(*key, *request, now_s());
    auto line = TcpLine::open(*server, until_s);
    if (!line) return line.error();
    if (const auto written = line->send(sent.bytes, until_s); !written) return written.error();
    TsigProof proof(*key, sent.mac);
    std::vector<DnsRecord> records;
    do {
        const auto message = line->receive(until_s);
        if (!message) return message.error();
        const auto proved = proof.take(*message, now_s());
        // An unsigned refusal is a refusal all the same: it promises nothing.
        const auto reply = read_message(proved ? *proved : *message, id);
        if (reply && reply->code != "NOERROR") return refused(primary, reply->code);
        if (!proved) return proved.error();
        if (!reply) return reply.error();
        records.insert(records.end(), reply->answers.begin(), reply->answers.end());
    } while (!ended(records));
    if (!proof.proved())
        return fail("bad_reply", "the end of the server's answer is not signed.", Retry::safe);
    return records;
}

bool at_once(const std::vector<DnsRecord>&) { return true; }

// A transfer begins and ends with the SOA (RFC 5936, 2.2).
bool transferred(const std::vector<DnsRecord>& records) {
    return records.size() > 1 && records.back().type == "SOA";
}

Value sets_of(const Primary& primary, const std::vector<DnsRecord>& records) {
    std::map<std::pair<std::string, std::string>, RecordSet> sets;
    for (const auto& record : records) {
        const auto owner = owner_in_zone(record.owner, primary.zone);
        if (!owner) continue;
        RecordSet& set = sets[{*owner, record.type}];
        set.name = *owner;
        set.type = record.type;
        set.ttl_s = record.ttl_s;
        if (std::find(set.values.begin(), set.values.end(), record.value) == set.values.end())
            set.values.push_back(record.value);
    }
    List list;
    for (const auto& [key, set] : sets) list.push_back(to_value(set));
    return list;
}

Result<Value> read_sets(const Primary& primary, const Call& call) {
    const std::uint16_t id = random_message_id();
    auto records = exchange(primary, call, make_transfer(id, primary.zone), id, transferred);
    if (!records) {
        Error error = in_words(primary, "Transferring", records.error());
        if (error.retry == Retry::unknown) error.retry = Retry::safe;  // It only reads.
        return error;
    }
    return sets_of(primary, *records);
}

Outcome change_sets(const Primary& primary, const Call& call, const Value& asked) {
    std::vector<SetUpdate> updates;
    for (const auto& one : asked["deletes"].list())
        updates.push_back(
            {.owner = absolute_name(one["name"].text(), primary.zone), .type = one["type"].text()});
    for (const auto& one : asked["upserts"].list()) {
        SetUpdate update{.owner = absolute_name(one["name"].text(), primary.zone),
                         .type = one["type"].text(),
                         .ttl_s = static_cast<std::uint32_t>(one["ttl_s"].integer())};
        for (const auto& content : one["contents"].list())
            update.contents.push_back(content.text());
        updates.push_back(std::move(update));
    }
    if (!call.may_act())
        return Outcome::not_sent(fail("not_sent", "This host may have lost the run."));
    const std::uint16_t id = random_message_id();
    const auto records =
        exchange(primary, call, make_update(id, primary.zone, updates), id, at_once);
    if (records) return Outcome::done(Value(Map{}));
    const Error error = in_words(primary, "Updating", records.error());
    if (error.retry == Retry::unknown) return Outcome::unknown(error);
    if (error.retry == Retry::safe) return Outcome::not_sent(error);
    return Outcome::failed(error);
}

// An update of nothing: the server judges the key, and changes nothing (RFC 2136, 3.4).
Result<Value> examine(const Primary& primary, const Call& call) {
    Findings found(call);
    const std::uint16_t id = random_message_id();
    const auto reply = exchange(primary, call, make_update(id, primary.zone, {}), id, at_once);
    if (reply)
        found.well("the server takes updates of the zone by the key " + primary.key_name);
    else if (reply.error().code == "credentials_refused")
        found.lacks({"upsert", "delete", "batch", "set_ttl"},
                    in_words(primary, "Updating", reply.error()).message,
                    "Allow the key in the server's allow-update.");
    else
        return in_words(primary, "Updating", reply.error());
    return found.value();
}

Remote remote_of(const PrimaryPointer& primary) {
    Remote remote;
    remote.read = [primary](Call& call, const std::string&, const Value&) {
        return off_loop<Result<Value>>(primary->loop,
                                       [primary, &call] { return read_sets(*primary, call); });
    };
    remote.change = [primary](Call& call, const std::string&, const Value& asked) {
        return off_loop<Outcome>(
            primary->loop, [primary, &call, asked] { return change_sets(*primary, call, asked); });
    };
    remote.has = [](std::string_view name) { return name == "sets" || name == "change"; };
    remote.offers = [](std::string_view) { return false; };
    return remote;
}

std::string without_dot(const std::string& name) {
    std::string lower = lower_case(name);
    if (ends_in_dot(lower)) lower.pop_back();
    return lower;
}

Result<Driver> make(const Settings& settings, Services& services) {
    const Value& values = settings.values;
    const auto primary =
        std::make_shared<Primary>(Primary{.loop = services.loop,
                                          .target = settings.target,
                                          .zone = without_dot(values["zone"].text()),
                                          .server = values["server"].text(),
                                          .key_name = without_dot(values["key_name"].text()),
                                          .algorithm = values["algorithm"].text(),
                                          .key = values["key"]});
    if (!is_tsig_algorithm(primary->algorithm))
        return fail("bad_setting", "There is no TSIG algorithm " + primary->algorithm + ".");
    Driver driver;
    driver.state = std::const_pointer_cast<Primary>(primary);
    driver.examine = [primary](Call& call) {
        return off_loop<Result<Value>>(primary->loop,
                                       [primary, &call] { return examine(*primary, call); });
    };
    dns_rules.add(driver, remote_of(primary), settings, services);
    return driver;
}

}  // namespace

extern constinit const DriverKind rfc2136_kind = {
    .family = "dns",
    .name = "rfc2136",
    .doc =
        "A zone of any primary server that takes DNS UPDATE (RFC 2136) and zone transfers, both "
        "signed by TSIG (RFC 8945): BIND, Knot, PowerDNS. A change of several record sets is "
        "one message, which the server applies whole or not at all.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .doctor_checks =
        "the server and the key by a transfer of the zone (list), and by an update of "
        "nothing",
    .doctor_cannot = "which names an update-policy lets the key change",
};

}  // namespace perilune
