// The sections of the HTML report, each as text; an empty one where there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "interpreter/report/facts.h"
#include "interpreter/report/timeline.h"

namespace perilune::report {

std::string html_style();

std::string html_objectives(const Timeline& timeline);
// Every step as a bar over time, with what waited for people and what was undone.
std::string html_drawing(const Timeline& timeline);
std::string html_changes(const Timeline& timeline);
std::string html_decisions(const Timeline& timeline);
std::string html_history(const Timeline& timeline);
std::string html_facts(const std::vector<Fact>& facts);

// `<section id="ID"><h2>TITLE</h2>BODY</section>`; empty where the body is.
std::string html_section(const std::string& id, const std::string& title, const std::string& body);
// `class="NAME tone-good"`
std::string html_class(const std::string& name, Tone tone);
// A time that programs can read: `<time datetime="…">02:14:07</time>`
std::string html_clock(double unix_s);

}  // namespace perilune::report
