// Reads schedules and webhooks, and checks cron expressions.
#include "interpreter/library/starts.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "interpreter/library/fields.h"
#include "interpreter/library/policy.h"

namespace perilune {

namespace {

struct CronField {
    std::string_view name;
    int least;
    int most;
    std::string_view words;  // Three letters each, for `least`, `least` + 1, …
};

constexpr std::array<CronField, 5> cron_fields = {
    {{"minute", 0, 59, ""},
     {"hour", 0, 23, ""},
     {"day of the month", 1, 31, ""},
     {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
     {"day of the week", 0, 7, "sunmontuewedthufrisat"}}};

// The number that the text says for the field; -1 where it says none.
int cron_number(const CronField& field, std::string_view text) {
    if (text.size() == 3 && !field.words.empty())
        for (std::size_t at = 0; at < field.words.size(); at += 3)
            if (field.words.substr(at, 3) == text) return field.least + static_cast<int>(at / 3);
    int number = -1;
    const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = code == std::errc() && stop == text.data() + text.size();
    return whole && number >= field.least && number <= field.most ? number : -1;
}

// One part of a list: "*", "5", "1-5", "*/10", "1-30/2".
bool is_cron_part(const CronField& field, std::string_view part) {
    if (const auto slash = part.find('/'); slash != std::string_view::npos) {
        const std::string_view step_text = part.substr(slash + 1);
        int step = 0;
        const auto [stop, code] =
            std::from_chars(step_text.data(), step_text.data() + step_text.size(), step);
        if (code != std::errc() || stop != step_text.data() + step_text.size()) return false;
        if (step < 1 || step > field.most) return false;
        part = part.substr(0, slash);
        if (part != "*" && part.find('-') == std::string_view::npos) return false;
    }
    if (part == "*") return true;
    const auto dash = part.find('-');
    const int from = cron_number(field, part.substr(0, dash));
    if (dash == std::string_view::npos || from < 0) return from >= 0;
    return cron_number(field, part.substr(dash + 1)) >= from;
}

bool is_time_zone(std::string_view name) {
    return !name.empty() && name.size() <= 64 && !name.starts_with('/') &&
           name.find("..") == std::string_view::npos &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789_+-/") == std::string_view::npos;
}

void read_cron(const YamlNode& node, const std::string& what, Start& start, Problems& problems) {
    const YamlNode& cron = *node.find("cron");
    start.cron = read_text(cron, what + ".cron", problems).value_or("");
    if (const auto wrong = cron_problem(start.cron); !start.cron.empty() && !wrong.empty())
        problems.add(cron.place, what + ".cron: " + wrong);
    start.time_zone = "UTC";
    const YamlNode* zone = node.find("time_zone");
    if (!zone) return;
    start.time_zone = read_text(*zone, what + ".time_zone", problems).value_or("UTC");
    if (!is_time_zone(start.time_zone))
        problems.add(zone->place, what + ".time_zone is " + in_quotes(start.time_zone) +
                                      "; write a name such as \"UTC\" or \"Europe/Berlin\".");
}

void read_webhook(const YamlNode& node, const std::string& what, Start& start,
                  SettingsScope& scope) {
    const YamlNode& webhook = *node.find("webhook");
    start.webhook = read_text(webhook, what + ".webhook", scope.problems).value_or("");
    if (!start.webhook.empty() && !is_plain_name(start.webhook))
        scope.problems.add(webhook.place, what +
                                              ".webhook is the last part of its address and may "
                                              "only have lower-case letters, digits, - and _.");
    const YamlNode* key = node.find("key");
    if (!key)
        return scope.problems.add(node.place, what +
                                                  " needs \"key\", the secret that signs its "
                                                  "calls. Add key: \"secret:NAME\".");
    start.key = read_text_or_secret(*key, what + ".key", scope);
    if (start.key.is_text())
        scope.problems.add(key->place, what +
                                           ".key is a secret, so its value may not stand in "
                                           "this file. Write \"secret:NAME\".");
}

Start read_start(const YamlNode& node, const std::string& what, SettingsScope& scope) {
    Start start;
    start.place = node.place;
    if (!expect_map(node, what, scope.problems)) return start;
    const bool has_cron = node.find("cron") != nullptr;
    if (has_cron == (node.find("webhook") != nullptr)) {
        scope.problems.add(node.place,
                           what +
                               " needs either \"cron\" or \"webhook\". Write { cron: "
                               "\"0 3 * * *\", time_zone: UTC } or { webhook: NAME, key: "
                               "\"secret:NAME\" }.");
        return start;
    }
    refuse_unknown_keys(node, what,
                        has_cron ? std::vector<std::string>{"cron", "time_zone", "parameters"}
                                 : std::vector<std::string>{"webhook", "key", "parameters"},
                        scope.problems);
    if (has_cron) {
        read_cron(node, what, start, scope.problems);
    } else {
        read_webhook(node, what, start, scope);
    }
    if (const YamlNode* parameters = node.find("parameters"))
        start.parameters = read_parameter_texts(*parameters, what + ".parameters", scope.problems);
    return start;
}

}  // namespace

std::string cron_problem(std::string_view text) {
    std::size_t count = 0;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty()) break;
        std::string_view field_text = text.substr(0, text.find(' '));
        text.remove_prefix(field_text.size());
        if (++count > cron_fields.size()) break;
        const CronField& field = cron_fields[count - 1];
        const std::string shown = in_quotes(field_text);
        while (true) {
            const auto comma = field_text.find(',');
            if (!is_cron_part(field, field_text.substr(0, comma)))
                return shown + " is no " + std::string(field.name) + "; it has " +
                       std::to_string(field.least) + " to " + std::to_string(field.most) +
                       ", *, lists (1,5), ranges (1-5) and steps (*/10).";
            if (comma == std::string_view::npos) break;
            field_text.remove_prefix(comma + 1);
        }
    }
    if (count == cron_fields.size()) return "";
    return "It needs five fields (minute, hour, day of the month, month, day of the week), such as "
           "\"0 3 * * *\".";
}

Starts read_starts(const YamlNode& node, const Library& library, SettingsScope& scope) {
    Starts starts;
    if (!expect_map(node, "starts", scope.problems)) return starts;
    for (const auto& entry : node.entries) {
        const auto name = known_runbook(entry, "starts", library, scope.problems);
        if (!name) continue;
        const std::string what = "starts." + entry.key;
        if (!entry.value.is_list()) {
            starts[*name].push_back(read_start(entry.value, what, scope));
            continue;
        }
        for (const auto& inner : entry.value.list)
            starts[*name].push_back(read_start(inner, "each of " + what, scope));
    }
    return starts;
}

Map read_parameter_texts(const YamlNode& node, const std::string& what, Problems& problems) {
    Map read;
    if (!expect_map(node, what, problems)) return read;
    for (const auto& entry : node.entries) {
        const std::string name = what + "." + entry.key;
        if (entry.value.is_text() && entry.value.text.starts_with("secret:")) {
            problems.add(entry.value.place, name +
                                                " may not be a secret: parameters are shown and "
                                                "kept in the journal. Use secret() in the "
                                                "runbook.");
        } else if (entry.value.is_list()) {
            List list;
            for (auto& item : read_texts(entry.value, name, problems)) list.push_back(item.text);
            read[entry.key] = std::move(list);
        } else if (const auto text = read_text(entry.value, name, problems)) {
            read[entry.key] = *text;
        }
    }
    return read;
}

}  // namespace perilune
