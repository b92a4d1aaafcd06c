#include "tests/support/netpol/story.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace catena::test::netpol {
namespace {

using nlohmann::json;

struct Addresses {
  std::string v4;
  std::string v6;
};

const std::map<std::string, Addresses>& address_book() {
  static const std::map<std::string, Addresses> book = [] {
    std::map<std::string, Addresses> made{{"node", {"10.0.0.1", "fd00::1"}},
                                          {"other", {"10.0.0.2", "fd00::2"}},
                                          {"outside", {"192.168.7.9", "fd00:99::9"}},
                                          {"far/r", {"10.1.2.1", "fd00:2::1"}}};
    int number = 0;
    for (const char* space : {"x", "y", "z"}) {
      for (const char* name : {"a", "b", "c"}) {
        const std::string last = std::to_string(++number);
        made[std::string(space) + "/" + name] = {"10.1.0." + last, "fd00:1::" + last};
      }
    }
    return made;
  }();
  return book;
}

bool is_of_the_nine(const std::string& place) {
  return place.find('/') != std::string::npos && place != "far/r";
}

std::string before_slash(const std::string& place) { return place.substr(0, place.find('/')); }
std::string after_slash(const std::string& place) { return place.substr(place.find('/') + 1); }

json ports_of_all_protocols() {
  json ports = json::array();
  for (const auto& [protocol, suffix] :
       {std::pair{"TCP", "tcp"}, std::pair{"UDP", "udp"}, std::pair{"SCTP", "sctp"}}) {
    for (const int number : {80, 81}) {
      ports.push_back({{"name", "serve-" + std::to_string(number) + "-" + suffix},
                       {"protocol", protocol},
                       {"containerPort", number}});
    }
  }
  return ports;
}

json pod_at(const std::string& place) {
  const Addresses& addresses = address_book().at(place);
  return {{"metadata",
           {{"name", after_slash(place)},
            {"namespace", before_slash(place)},
            {"uid", "uid-" + before_slash(place) + "-" + after_slash(place)},
            {"labels", {{"pod", after_slash(place)}}}}},
          {"spec",
           {{"containers", json::array({{{"name", "c"}, {"ports", ports_of_all_protocols()}}})}}},
          {"status",
           {{"phase", "Running"},
            {"podIPs", json::array({{{"ip", addresses.v4}}, {{"ip", addresses.v6}}})}}}};
}

json space_named(const std::string& name) {
  return {{"metadata",
           {{"name", name}, {"labels", {{"ns", name}, {"kubernetes.io/metadata.name", name}}}}}};
}

json::iterator find(json& list, const std::string& space, const std::string& name) {
  return std::find_if(list.begin(), list.end(), [&](const json& one) {
    const json& metadata = one.at("metadata");
    return metadata.value("namespace", std::string()) == space && metadata.at("name") == name;
  });
}

void drop(json& list, const std::string& space, const std::string& name) {
  const auto found = find(list, space, name);
  if (found != list.end()) {
    list.erase(found);
  }
}

bool matches(const std::string& pattern, const std::string& place) {
  if (pattern == place) {
    return true;
  }
  if (!is_of_the_nine(place) || pattern.find('*') == std::string::npos) {
    return false;
  }
  const auto part_matches = [](const std::string& wanted, const std::string& part) {
    return wanted == "*" || wanted == part;
  };
  return pattern == "*" || (part_matches(before_slash(pattern), before_slash(place)) &&
                            part_matches(after_slash(pattern), after_slash(place)));
}

using Pair = std::pair<std::string, std::string>;

void take_line(const std::string& line, std::map<Pair, bool>& truth) {
  std::istringstream words(line);
  std::string verdict;
  std::string from;
  std::string arrow;
  std::string to;
  words >> verdict >> from >> arrow >> to;
  if ((verdict != "deny" && verdict != "allow") || arrow != ">" || to.empty()) {
    throw std::runtime_error("no line of a story: " + line);
  }
  for (const std::string& source : places()) {
    for (const std::string& destination : places()) {
      if (source != destination && matches(from, source) && matches(to, destination)) {
        truth[{source, destination}] = verdict == "allow";
      }
    }
  }
}

std::map<Pair, bool> truth_of(const Look& look) {
  std::map<Pair, bool> truth;
  take_line("allow * > *", truth);
  for (const std::string& line : look.lines) {
    take_line(line, truth);
  }
  return truth;
}

std::uint8_t protocol_for(base::Family family, std::uint8_t protocol) {
  const bool v6 = family == base::Family::kIpv6;
  return protocol == IPPROTO_ICMP && v6 ? std::uint8_t{IPPROTO_ICMPV6} : protocol;
}

struct Question {
  std::string text;
  Flow flow;
  bool answer = false;
};

std::vector<Question> questions_of(const Chapter& chapter) {
  std::vector<Question> questions;
  for (const Look& look : chapter.looks) {
    for (const auto& [pair, answer] : truth_of(look)) {
      for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
        if (look.family.value_or(family) != family) {
          continue;
        }
        const Flow flow{.source = address_at(pair.first, family),
                        .destination = address_at(pair.second, family),
                        .protocol = protocol_for(family, look.protocol),
                        .port = look.port};
        questions.push_back(
            {pair.first + " > " + pair.second + " (" + to_string(flow) + ")", flow, answer});
      }
    }
  }
  return questions;
}

}  // namespace

Cluster nine_pods() {
  Cluster cluster{{"namespaces", json::array()},
                  {"pods", json::array()},
                  {"policies", json::array()},
                  {"locals", json::array()},
                  {"node", json::array()}};
  for (const char* name : {"x", "y", "z", "far"}) {
    cluster["namespaces"].push_back(space_named(name));
  }
  for (const auto& [place, addresses] : address_book()) {
    if (place.find('/') == std::string::npos) {
      continue;
    }
    cluster["pods"].push_back(pod_at(place));
    if (is_of_the_nine(place)) {
      cluster["locals"].push_back({{"id", before_slash(place) + after_slash(place)},
                                   {"space", before_slash(place)},
                                   {"name", after_slash(place)},
                                   {"uid", ""},
                                   {"addresses", {addresses.v4, addresses.v6}},
                                   {"closed", true}});
    }
  }
  const Addresses& node = address_book().at("node");
  cluster["node"] = {node.v4, node.v6};
  return cluster;
}

base::IpAddress address_at(const std::string& place, base::Family family) {
  const Addresses& addresses = address_book().at(place);
  return address_of(family == base::Family::kIpv4 ? addresses.v4 : addresses.v6);
}

const std::vector<std::string>& places() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made;
    std::transform(address_book().begin(), address_book().end(), std::back_inserter(made),
                   [](const auto& entry) { return entry.first; });
    return made;
  }();
  return names;
}

Change policy(const std::string& space, const std::string& name, const std::string& spec) {
  return [=](Cluster& cluster) {
    drop(cluster["policies"], space, name);
    cluster["policies"].push_back(
        {{"metadata", {{"name", name}, {"namespace", space}}}, {"spec", json::parse(spec)}});
  };
}

Change no_policy(const std::string& space, const std::string& name) {
  return [=](Cluster& cluster) { drop(cluster["policies"], space, name); };
}

Change pod(const std::string& place, const std::string& patch) {
  return [=](Cluster& cluster) {
    json& pods = cluster["pods"];
    const auto found = find(pods, before_slash(place), after_slash(place));
    json whole = found == pods.end() ? pod_at(place) : *found;
    whole.merge_patch(json::parse(patch));
    drop(pods, before_slash(place), after_slash(place));
    pods.push_back(std::move(whole));
  };
}

Change no_pod(const std::string& place) {
  return [=](Cluster& cluster) { drop(cluster["pods"], before_slash(place), after_slash(place)); };
}

Change space(const std::string& name, const std::string& patch) {
  return [=](Cluster& cluster) {
    find(cluster["namespaces"], "", name)->merge_patch(json::parse(patch));
  };
}

std::ostream& operator<<(std::ostream& out, const Story& story) { return out << story.name; }

std::vector<std::string> disagreements(const Story& story, const Judge& judge) {
  std::vector<std::string> sentences;
  Cluster cluster = nine_pods();
  int number = 0;
  for (const Chapter& chapter : story.chapters) {
    ++number;
    for (const Change& change : chapter.changes) {
      change(cluster);
    }
    const std::vector<Question> questions = questions_of(chapter);
    std::vector<Flow> flows;
    std::transform(questions.begin(), questions.end(), std::back_inserter(flows),
                   [](const Question& one) { return one.flow; });
    const std::vector<bool> answers = judge(cluster, flows);
    for (std::size_t at = 0; at < questions.size(); ++at) {
      if (answers.at(at) != questions[at].answer) {
        sentences.push_back("chapter " + std::to_string(number) + ": " + questions[at].text +
                            (answers.at(at) ? " passes" : " does not pass"));
      }
    }
  }
  return sentences;
}

}  // namespace catena::test::netpol
