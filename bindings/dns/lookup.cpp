#include "bindings/dns/lookup.h"

#include <algorithm>
#include <future>

#include "bindings/dns/rdata.h"

namespace perilune {

namespace {

constexpr int links_max = 10;  // Of a chain of CNAMEs; longer is a loop.

const DnsRecord* find_alias(const std::vector<DnsRecord>& records, const std::string& name) {
    for (const auto& record : records)
        if (record.owner == name && record.type == "CNAME") return &record;
    return nullptr;
}

std::string absolute_target(const std::string& value) {
    return value.size() > 1 && value.ends_with('.') ? value.substr(0, value.size() - 1) : value;
}

Answer ask_one(const NameServer& server, const std::string& name, const std::string& type,
               double deadline_s) {
    Answer whole{.server = server.shown};
    std::string asked = name;
    for (int link = 0; link < links_max; ++link) {
        const auto reply = ask(server, asked, type, deadline_s);
        const bool refused = reply && reply->code != "NOERROR" && reply->code != "NXDOMAIN";
        if (!reply || refused) {
            // The beginning of a chain is an answer, even where this server knows no more of it.
            if (link == 0)
                whole.error =
                    reply ? "The server answered " + reply->code + "." : reply.error().message;
            return whole;
        }
        Answer part = follow(reply->answers, server.shown, asked, type);
        const bool found = !part.values.empty() || !part.chain.empty();
        if (found) whole.ttl_s = link == 0 ? part.ttl_s : std::min(whole.ttl_s, part.ttl_s);
        whole.values = std::move(part.values);
        for (auto& target : part.chain) whole.chain.push_back(std::move(target));
        if (!whole.values.empty() || part.chain.empty()) return whole;
        asked = absolute_target(whole.chain.back());
    }
    whole.error =
        "The CNAMEs from " + name + " do not end after " + std::to_string(links_max) + ".";
    return whole;
}

}  // namespace

Value to_value(const Answer& answer) {
    Value made;
    made.set("server", answer.server);
    if (answer.error) return made.set("error", *answer.error);
    List values;
    for (const auto& value : answer.values) values.emplace_back(value);
    const bool found = !answer.values.empty();
    made.set("values", std::move(values));
    if (found) made.set("ttl_s", static_cast<double>(answer.ttl_s));
    return made;
}

Answer follow(const std::vector<DnsRecord>& records, const std::string& server,
              const std::string& name, const std::string& type) {
    Answer answer{.server = server};
    std::string at = name;
    bool any = false;
    const auto count = [&](const DnsRecord& record) {
        answer.ttl_s = any ? std::min(answer.ttl_s, record.ttl_s) : record.ttl_s;
        any = true;
    };
    for (int link = 0; link < links_max; ++link) {
        for (const auto& record : records) {
            if (record.owner != at || record.type != type) continue;
            answer.values.push_back(record.value);
            count(record);
        }
        const DnsRecord* alias = type == "CNAME" ? nullptr : find_alias(records, at);
        if (!answer.values.empty() || !alias) break;
        count(*alias);
        answer.chain.push_back(alias->value);
        at = absolute_target(alias->value);
    }
    std::sort(answer.values.begin(), answer.values.end());
    return answer;
}

std::vector<Answer> ask_all(const std::vector<NameServer>& servers, const std::string& name,
                            const std::string& type, double deadline_s) {
    std::vector<std::future<Answer>> asked;
    for (const auto& server : servers)
        asked.push_back(std::async(std::launch::async, ask_one, std::cref(server), std::cref(name),
                                   std::cref(type), deadline_s));
    std::vector<Answer> answers;
    for (auto& one : asked) answers.push_back(one.get());
    return answers;
}

std::string type_for(const std::string& to) { return value_of_text("AAAA", to) ? "AAAA" : "A"; }

bool answers_with(const Answer& answer, const std::string& to) {
    if (answer.error) return false;
    const auto has = [&](const std::vector<std::string>& list) {
        return std::find(list.begin(), list.end(), to) != list.end();
    };
    return has(answer.values) || has(answer.chain);
}

std::vector<Result<std::uint32_t>> ask_serials(const std::vector<NameServer>& servers,
                                               const std::string& zone, double deadline_s) {
    std::vector<Result<std::uint32_t>> serials;
    for (const auto& answer : ask_all(servers, zone, "SOA", deadline_s)) {
        if (answer.error || answer.values.empty()) {
            serials.emplace_back(
                fail("lookup_failed",
                     answer.error.value_or("The server has no SOA of " + zone + "."), Retry::safe));
            continue;
        }
        const auto words = split_words(answer.values[0]);
        serials.emplace_back(static_cast<std::uint32_t>(std::stoul((*words)[2].text)));
    }
    return serials;
}

}  // namespace perilune
