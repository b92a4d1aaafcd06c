#include "tests/unit/cloud/scripted_cloud.h"

#include <gtest/gtest.h>

#include "common/base/text.h"

namespace catena::cloud {
namespace {

std::string decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

Scripted answer(const std::string& body, int status, const Headers& headers) {
  return [=](const HttpRequest&) {
    HttpResponse response;
    response.status = status;
    response.headers = headers;
    response.body = body;
    return base::Result<HttpResponse>(response);
  };
}

Scripted refuse(std::string_view code, int status, const Headers& headers,
                std::string_view message) {
  return answer(R"({"RequestId":"R-1","HostId":"ecs","Code":")" + std::string(code) +
                    R"(","Message":")" + std::string(message) + "\"}",
                status, headers);
}

Scripted fail(std::string_view code) {
  return [code = std::string(code)](const HttpRequest&) {
    return base::Result<HttpResponse>(
        base::Error(base::ErrorKind::kTryAgain, "the network is down").code(code));
  };
}

base::Result<HttpResponse> ScriptedTransport::exchange(const HttpRequest& request) {
  requests_.push_back(request);
  if (script_.empty()) {
    EXPECT_TRUE(always_) << "a call that the script does not know: " << request.url;
    return always_ ? always_(request) : fail(kNotSent)(request);
  }
  const Scripted next = std::move(script_.front());
  script_.pop_front();
  return next(request);
}

std::map<std::string, std::string> ScriptedTransport::params(std::size_t i) const {
  const std::string& url = request(i).url;
  std::map<std::string, std::string> params;
  const std::size_t query = url.find('?');
  if (query == std::string::npos) {
    return params;
  }
  for (const std::string_view part : base::split(std::string_view(url).substr(query + 1), '&')) {
    const std::size_t equals = part.find('=');
    params[decode(part.substr(0, equals))] = decode(part.substr(equals + 1));
  }
  return params;
}

std::string ScriptedTransport::header(std::size_t i, std::string_view name) const {
  for (const auto& [key, value] : request(i).headers) {
    if (base::equal_ignoring_case(key, name)) {
      return value;
    }
  }
  return {};
}

base::Result<Credentials> ListedCredentials::get() {
  if (fail_at_end_ && at_ >= sets_.size()) {
    return base::Error(base::ErrorKind::kNotFound, "no further set");
  }
  return sets_.at(std::min(at_, sets_.size() - 1));
}

void ListedCredentials::reject(const Credentials& refused) {
  rejected_.push_back(refused);
  ++at_;
}

Credentials key(std::string id, std::string secret, std::string token) {
  Credentials credentials;
  credentials.key_id = std::move(id);
  credentials.secret = std::move(secret);
  credentials.token = std::move(token);
  return credentials;
}

ClientOptions Cloud::options(Signing signing) {
  ClientOptions options;
  options.endpoints.region = "cn-hangzhou";
  options.signing = signing;
  options.seed = 7;
  return options;
}

}  // namespace catena::cloud
