#include "tests/unit/cloud/scripted.h"

#include "common/base/text.h"

namespace catena::test {

using base::Error;
using base::ErrorKind;
using cloud::HttpRequest;
using cloud::HttpResponse;

std::chrono::system_clock::time_point ScriptedPace::wall() const {
  const std::lock_guard lock(mutex_);
  return wall_;
}

std::chrono::milliseconds ScriptedPace::elapsed() const {
  const std::lock_guard lock(mutex_);
  return elapsed_;
}

void ScriptedPace::sleep(std::chrono::milliseconds time) {
  if (in_sleep) {
    in_sleep();
  }
  pass(time);
  const std::lock_guard lock(mutex_);
  ++sleeps_;
}

void ScriptedPace::pass(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  wall_ += time;
  elapsed_ += time;
}

void ScriptedPace::step_wall(std::chrono::milliseconds by) {
  const std::lock_guard lock(mutex_);
  wall_ += by;
}

int ScriptedPace::sleeps() const {
  const std::lock_guard lock(mutex_);
  return sleeps_;
}

Answer answer(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Answer no_answer() {
  return Error(ErrorKind::kIo, "connect to 100.100.100.200: timed out").code(cloud::kNotSent);
}

Answer ScriptedTransport::exchange(const HttpRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  return handler_(request);
}

std::vector<HttpRequest> ScriptedTransport::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> ScriptedTransport::lines() const {
  std::vector<std::string> lines;
  for (const HttpRequest& request : requests()) {
    lines.push_back(request.method + " " + path_of(request));
  }
  return lines;
}

std::string path_of(const HttpRequest& request) {
  const std::size_t host = request.url.find("://") + 3;
  const std::size_t path = request.url.find('/', host);
  return path == std::string::npos ? "/" : request.url.substr(path);
}

std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (base::equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

Answer ScriptedMetadata::operator()(const HttpRequest& request) {
  const std::string path = path_of(request);
  if (request.method == "PUT") {
    const bool whole = path == "/latest/api/token" &&
                       header_of(request, "X-aliyun-ecs-metadata-token-ttl-seconds") == "21600";
    return answer(whole ? token_status : 400, token_status == 200 ? token : "");
  }
  if (!statuses.empty()) {
    const int status = statuses.front();
    statuses.erase(statuses.begin());
    return status == 0 ? no_answer() : answer(status, "<html>busy</html>");
  }
  const std::string given = header_of(request, "X-aliyun-ecs-metadata-token");
  if (given.empty() && token_required) {
    return answer(403);
  }
  if (!given.empty() && given != token) {
    return answer(401);
  }
  constexpr std::string_view kRoot = "/latest/meta-data/";
  const auto found = path.starts_with(kRoot) ? items.find(path.substr(kRoot.size())) : items.end();
  return found == items.end() ? answer(404, "<html>404</html>") : answer(200, found->second);
}

ScriptedTransport::Handler ScriptedMetadata::handler() {
  return [this](const HttpRequest& request) { return (*this)(request); };
}

cloud::Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

}  // namespace catena::test
