// The operations and records of the dns family, as runbooks, the journal and the manual see them.
#include "bindings/dns/dns.h"

namespace perilune {

namespace {

constexpr Parameter name_parameter = {
    .name = "name",
    .doc =
        "The record's name relative to the zone, `@` for the zone itself, `*` as a first label "
        "for the wildcard. A name that ends in a dot is absolute and must lie in the zone."};
constexpr Parameter type_parameter = {
    .name = "type",
    .doc = "The record type, such as \"A\", \"CNAME\", \"MX\", or \"TYPE65280\" (RFC 3597)."};
constexpr Parameter type_filter = {
    .name = "type", .doc = "Only this type.", .need = Need::optional};
constexpr Parameter set_id_parameter = {
    .name = "set_id",
    .doc =
        "Which of several weighted or failover sets of one name and type, where the provider "
        "has them.",
    .need = Need::optional};

constexpr Operation operations[] = {
    {.name = "list",
     .effect = Effect::observe,
     .result = "list of dns.RecordSet",
     .doc = "Lists the zone's record sets, by name (the zone itself first) and type. Empty where "
            "none matches.",
     .parameters = {{{.name = "name",
                      .doc = "Only the sets of this name, relative to the zone.",
                      .need = Need::optional},
                     type_filter}},
     .everywhere = true},
    {.name = "get",
     .effect = Effect::observe,
     .result = "dns.RecordSet?",
     .doc = "Reads one record set as the provider holds it; nil where there is none.",
     .parameters = {{name_parameter, type_parameter, set_id_parameter}},
     .resource = "name type set_id",
     .everywhere = true},
    {.name = "lookup",
     .effect = Effect::observe,
     .result = "list of dns.Answer",
     .doc = "Asks name servers over the network (UDP, then TCP where the answer is cut) and gives "
            "each one's answer. A server that does not answer, or refuses, has `error` instead of "
            "values and fails nothing. A name that does not exist has no values. A CNAME in an "
            "answer is followed as far as that answer goes.",
     .parameters = {{name_parameter,
                     type_parameter,
                     {.name = "servers",
                      .type = Type::plain,
                      .doc = "\"authoritative\": the zone's own servers; \"resolvers\": those this "
                             "host's programs use; or a list of \"address\", \"address:port\" or "
                             "host names.",
                      .fallback = "authoritative"}}},
     .everywhere = true},
    {.name = "resolves",
     .effect = Effect::observe,
     .result = "boolean",
     .doc = "True when every server asked answers `name` with `to`: an address or a value among "
            "the answers, or a host name that the chain of CNAMEs goes through or ends at. False "
            "while a server has another answer or none; so it suits wait_until. Raises "
            "`lookup_failed` (safe to try again) only where there is no server to ask.",
     .parameters = {{name_parameter,
                     {.name = "to", .doc = "An address, a host name, or a value of `type`."},
                     {.name = "type",
                      .doc = "The type to ask for. Otherwise A or AAAA by the form of `to`; for a "
                             "host name A, whose answer carries the CNAMEs.",
                      .need = Need::optional},
                     {.name = "servers",
                      .type = Type::plain,
                      .doc = "As for lookup.",
                      .fallback = "resolvers"}}},
     .everywhere = true},
    {.name = "serial",
     .effect = Effect::observe,
     .result = "map",
     .doc = "Reads the zone's serial: `serial` as the provider holds it, `servers` a map of each "
            "authoritative server to the serial it answers with, and `errors` a map of the servers "
            "that did not answer to why."},
    {.name = "drift",
     .effect = Effect::observe,
     .result = "map",
     .doc = "Compares the zone with the record sets it should have: `missing` (list of RecordSet "
            "as wanted), `different` (list of `{ wanted, found }`) and `extra` (list of RecordSet "
            "that nobody wants; never the SOA nor the zone's own NS). TTL and comment count only "
            "where the wanted set gives them.",
     .parameters = {{{.name = "records",
                      .type = Type::list,
                      .doc = "The record sets the zone should have.",
                      .shape = "dns.RecordSet"}}}},
    {.name = "export",
     .effect = Effect::observe,
     .result = "text",
     .doc = "Gives the whole zone as the text of a zone file (RFC 1035, section 5)."},
    {.name = "upsert",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by upsert or delete",
     .result = "dns.RecordChange",
     .doc = "Creates the record set `name` `type`, or replaces it whole, and returns when the "
            "provider's own servers answer with it. A CNAME beside another type is refused "
            "(`cname_conflict`; RFC 1034, section 3.6.2), at the zone itself too, unless the "
            "provider flattens it. What the provider cannot hold is refused as `unsupported`.",
     .parameters =
         {{name_parameter,
           type_parameter,
           {.name = "value",
            .doc = "The one value. Targets are whole host names, with or without a last dot; TXT "
                   "is plain text, or quoted strings where their borders matter; MX is \"10 "
                   "mail.example.net\"; CAA is `0 issue \"letsencrypt.org\"`.",
            .group = "value"},
           {.name = "values",
            .type = Type::list,
            .doc = "All values; duplicates are removed.",
            .shape = "text",
            .group = "value"},
           {.name = "ttl",
            .type = Type::duration,
            .doc = "How long resolvers may keep it, in whole "
                   "seconds.",
            .fallback = "5m"},
           {.name = "proxied",
            .type = Type::boolean,
            .doc = "Whether the provider's proxy stands in front (Cloudflare).",
            .need = Need::optional},
           set_id_parameter,
           {.name = "weight",
            .type = Type::integer,
            .doc = "The share of this set among those with the same name and type.",
            .need = Need::optional},
           {.name = "failover",
            .doc = "The set's role in failover routing.",
            .need = Need::optional,
            .choices = "primary|secondary"},
           {.name = "comment",
            .doc = "A note kept with the set. Left out, the note there is stays; empty, it goes.",
            .need = Need::optional}}},
     .resource = "name type set_id",
     .timeout_s = 120,
     .everywhere = true},
    {.name = "delete",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by upsert",
     .result = "dns.RecordChange",
     .doc = "Removes one record set whole; `changed` is false where there was none. The SOA and "
            "the zone's own NS are refused (`unsupported`).",
     .parameters = {{name_parameter, type_parameter, set_id_parameter}},
     .resource = "name type set_id",
     .timeout_s = 120,
     .everywhere = true},
    {.name = "batch",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by batch",
     .result = "map",
     .doc = "Makes several changes as one: `changes` is a list of RecordChange, the deletions "
            "first, and `atomic` says whether they became visible together. The rules of a zone "
            "hold for the outcome, so a CNAME may take the place of an A in one batch.",
     .parameters = {{{.name = "upserts",
                      .type = Type::list,
                      .doc = "Sets to create or replace: name, type, value or values, ttl or ttl_s "
                             "(5m unless given), and the other fields of upsert.",
                      .need = Need::optional,
                      .shape = "dns.RecordSet"},
                     {.name = "deletes",
                      .type = Type::list,
                      .doc = "Sets to remove: name, type and set_id?.",
                      .need = Need::optional,
                      .shape = "map"},
                     {.name = "atomic",
                      .doc = "\"required\" refuses where the provider cannot do it in one piece.",
                      .fallback = "required",
                      .choices = "required|preferred"}}},
     .timeout_s = 120,
     .everywhere = true},
    {.name = "set_ttl",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "by batch",
     .result = "list of dns.RecordChange",
     .doc = "Sets the TTL of several sets and changes nothing else of them; raises `not_found` and "
            "changes nothing where one is not there.",
     .parameters = {{{.name = "records",
                      .type = Type::list,
                      .doc = "The sets: name, type and set_id? of each.",
                      .shape = "map"},
                     {.name = "ttl", .type = Type::duration, .doc = "The TTL, whole seconds."}}},
     .timeout_s = 120},
};

constexpr Record records[] = {
    {.name = "dns.RecordSet",
     .doc = "All values of one name and type.",
     .fields = {{{"name", "text", "Relative to the zone, lower-case; `@` is the zone itself."},
                 {"type", "text", "Upper-case."},
                 {"values", "list of text",
                  "Sorted. Targets lower-case without a last dot; TXT without quotes unless its "
                  "strings' borders matter."},
                 {"ttl_s", "number", "Seconds."},
                 {"proxied", "boolean?", "Where the provider has a proxy."},
                 {"set_id", "text?", "Of weighted and failover sets."},
                 {"weight", "number?", "Of weighted sets."},
                 {"failover", "text?", "primary or secondary."},
                 {"comment", "text?", "The note kept with it."}}}},
    {.name = "dns.RecordChange",
     .doc = "What a change did to one record set.",
     .fields = {{{"changed", "boolean", "False where it already was as asked."},
                 {"before", "dns.RecordSet?", "What it replaced; nil where there was none."},
                 {"after", "dns.RecordSet?", "What is there now; nil where it was removed."}}}},
    {.name = "dns.Answer",
     .doc = "One server's answer, or why there is none.",
     .fields = {{{"server", "text", "The server's address and port, or what answered for it."},
                 {"values", "list of text?", "Sorted, in the form of RecordSet; may be empty."},
                 {"ttl_s", "number?", "The least TTL of the records that gave the values."},
                 {"error", "text?", "Why there is no answer."}}}},
};

}  // namespace

const Family dns_family = {
    .name = "dns",
    .doc =
        "One zone. Names are relative to it, `@` is the zone itself. A change returns when the "
        "provider's own servers answer with it.",
    .operations = operations,
    .records = records,
    .normalise = normalise_dns,
};

}  // namespace perilune
