#include "common/firewall/backend.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/program.h"
#include "common/base/text.h"
#include "common/netpol/rules_json.h"

namespace catena::firewall {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

constexpr char kName[] = "catena-xtables";
// Its exit statuses (docs/xtables.md).
constexpr int kUnsupported = 3;
constexpr int kTryAgain = 4;
// What it may take beside waiting for the lock: many times what the largest node needs.
constexpr std::chrono::seconds kForTheWork{30};
constexpr std::size_t kMostAnswer = std::size_t{8} << 20U;  // bytes

struct Word {
  Backend backend;
  const char* word;
};
constexpr std::array<Word, 3> kWords{
    {{Backend::kAuto, "auto"}, {Backend::kNftables, "nftables"}, {Backend::kIptables, "iptables"}}};

ErrorKind kind_of(int status) {
  switch (status) {
    case kUnsupported:
      return ErrorKind::kUnsupported;
    case kTryAgain:
      return ErrorKind::kTryAgain;
    default:
      return ErrorKind::kInternal;
  }
}

std::string text_of(const netpol::Rules& rules) { return base::print_json(netpol::to_json(rules)); }

// The texts of the answer's list of that name.
Result<std::vector<std::string>> texts_in(const std::string& answer, const char* name) {
  const nlohmann::json json =
      TRY(base::parse_json(answer, kMostAnswer).context(std::string(kName) + "'s answer"));
  base::Fields fields = TRY(base::Fields::of(json, ""));
  const auto texts = TRY(fields.strings(name));
  if (!texts.has_value()) {
    return Error(ErrorKind::kUndecodable, std::string(kName) + "'s answer has no " + name);
  }
  return *texts;
}

Status done(const Result<std::string>& answer) { return answer.ok() ? Status() : answer.error(); }

}  // namespace

std::optional<Backend> backend_of(std::string_view word) {
  const auto* const found = std::ranges::find(kWords, word, &Word::word);
  return found == kWords.end() ? std::nullopt : std::optional(found->backend);
}

const char* name_of(Backend backend) {
  return std::ranges::find(kWords, backend, &Word::backend)->word;
}

Result<Xtables> Xtables::find(const std::vector<std::string>& cni_path) {
  std::vector<std::string> directories = cni_path;
  for (const char* const usual : {"/opt/cni/bin", "/usr/local/bin", "/usr/bin"}) {
    directories.emplace_back(usual);
  }
  std::string program = base::find_program(directories, kName);
  if (program.empty()) {
    return Error(ErrorKind::kNotFound, std::string("there is no program ") + kName + " in " +
                                           base::join(directories, ", "))
        .advice("the back end iptables needs it: copy it there");
  }
  return Xtables(std::move(program));
}

Xtables Xtables::on_nic(std::string if_name) const {
  Xtables changed = *this;
  changed.nic_ = std::move(if_name);
  return changed;
}

Xtables Xtables::with_patience(std::chrono::seconds patience) const {
  Xtables changed = *this;
  changed.patience_ = patience;
  return changed;
}

Result<std::string> Xtables::run(std::vector<std::string> words, std::string input) const {
  const std::string verb = words.front();
  base::Program program;
  program.words = {program_, "--wait", std::to_string(patience_.count())};
  if (!nic_.empty()) {
    program.words.insert(program.words.end(), {"--nic", nic_});
  }
  std::ranges::move(words, std::back_inserter(program.words));
  program.input = std::move(input);
  program.patience = patience_ + kForTheWork;
  const base::Ended ended = TRY(base::run_program(program));
  if (ended.status == 0) {
    return ended.out;
  }
  const std::string said(base::trim(ended.err));
  return Error(kind_of(ended.status),
               said.empty() ? program_ + " " + verb + " " + ended.how() : said);
}

Status Xtables::can_do() const { return done(run({"probe"}, "")); }

Status Xtables::sync(const netpol::Rules& want) const {
  return done(run({"apply"}, text_of(want)));
}

Status Xtables::put(const netpol::Rules& some) const {
  return done(run({"apply", "--some"}, text_of(some)));
}

Status Xtables::close_subject(const std::string& id,
                              const std::vector<base::IpAddress>& addresses) const {
  netpol::Subject subject;
  subject.addresses = addresses;
  std::ranges::sort(subject.addresses);
  subject.ingress.emplace();
  subject.egress.emplace();
  netpol::Rules rules;
  rules.subjects.emplace(id, std::move(subject));
  return put(rules);
}

Status Xtables::remove_subject(const std::string& id) const {
  return done(run({"forget", id}, ""));
}

Status Xtables::remove_all() const { return done(run({"remove"}, "")); }

Result<std::vector<std::string>> Xtables::differences(const netpol::Rules& want) const {
  return texts_in(TRY(run({"check"}, text_of(want))), "differences");
}

Result<std::vector<std::string>> Xtables::differences_of(const netpol::Rules& some) const {
  return texts_in(TRY(run({"check", "--some"}, text_of(some))), "differences");
}

Result<std::vector<std::string>> Xtables::subjects() const {
  return texts_in(TRY(run({"list"}, "")), "subjects");
}

}  // namespace catena::firewall
