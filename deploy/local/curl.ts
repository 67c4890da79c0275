// npm run curl: a freshly signed curl for the yard that runs.
import { exitWith } from "./exit.ts";
import { findRunningYard } from "./running.ts";
import { signedCurl } from "./welcome/signed-curl.ts";

try {
  const { endpoints, source } = findRunningYard(process.env);
  console.log(signedCurl(endpoints.http_url, source));
} catch (error) {
  exitWith(error);
}
