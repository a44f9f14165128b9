#include "interpreter/command/law.h"

#include <deque>

#include "interpreter/lua/syntax/tokens.h"

namespace perilune {

Result<Law> law_of_texts(const Texts& texts, const std::string& environment,
                         const KnownDrivers& drivers) {
    Law law;
    auto people = People::of(texts);
    if (!people) return people.error();
    law.people = std::move(*people);
    // Where nobody is known by a key there is nothing to judge by, and nothing that must be read.
    if (!law.people.know_keys()) return law;
    const auto library = library_from_texts(texts, "");
    if (!library) return library.error();
    auto read = load_environment(*library, environment, drivers);
    if (!read) return read.error();
    law.policy = std::move(read->policy);
    law.environment = environment;
    law.kind = read->kind;
    return law;
}

FindLaw law_in_store(Store& store, const KnownDrivers& drivers) {
    return [&store, &drivers](const std::string& code, const std::string& environment) {
        const auto texts = store.bundle(code);
        return texts ? law_of_texts(*texts, environment, drivers) : Result<Law>(texts.error());
    };
}

std::set<std::string> roles_asked(const std::string& lua_text) {
    using syntax::TokenKind;
    std::set<std::string> roles;
    std::deque<std::string> texts;
    syntax::Lexer lexer(lua_text, texts);
    std::string name;
    bool assigned = false;
    for (auto token = lexer.next();
         token.kind != TokenKind::end_of_file && token.kind != TokenKind::broken;
         token = lexer.next()) {
        if (token.kind == TokenKind::text && assigned && name == "role") roles.emplace(token.text);
        assigned = token.kind == TokenKind::assign;
        if (!assigned) name = token.kind == TokenKind::name ? token.text : "";
    }
    return roles;
}

Status check_eligible(const Prepared& made, const std::string& who) {
    const auto people = People::of(made.bundle.files);
    if (!people) return people.error();
    if (!people->any()) return Done{};
    const Law law{.policy = made.environment.policy,
                  .environment = made.environment.name,
                  .kind = made.environment.kind,
                  .people = *people};
    const auto text = made.bundle.files.find(made.path);
    if (law.plays_people() || text == made.bundle.files.end()) return Done{};
    for (const auto& role : roles_asked(text->second)) {
        const auto found = law.policy.approvals.find(role);
        if (found == law.policy.approvals.end()) continue;
        const ApprovalRule& rule = found->second;
        const std::string asks = made.runbook + " asks for the approval of " + in_quotes(role);
        const std::string instead = " In an emergency: --break-glass --reason TEXT.";
        if (rule.not_starter && law.asks_for_keys() && !is_by_key(who))
            return fail("denied", asks +
                                      " by somebody else than who starts it, and who that is "
                                      "says the operating system alone (" +
                                      who + "). Start it by a person's key: --key FILE." + instead);
        const auto able = people->eligible(rule, plain_name(who));
        if (static_cast<int>(able.size()) >= rule.count) continue;
        return fail("denied",
                    asks + " by " + std::to_string(rule.count) + " of " + listed(rule.from) +
                        (rule.not_starter ? " who did not start it" : "") + ", and " +
                        (able.empty() ? "nobody in people.yaml could give it."
                                      : "only " + listed(able) + " could give it.") +
                        " Let somebody else start it, or add people with keys." + instead);
    }
    return Done{};
}

}  // namespace perilune
