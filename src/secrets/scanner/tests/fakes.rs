//! Secrets that were never anybody's, made up by a seeded generator after how each kind looks, and what only looks like one.

use super::crc32_base62;

/// Random texts after a template: `{36w}` stands for 36 characters of the alphabet `w`.
pub(crate) struct Fakes(pub(crate) u64);

impl Fakes {
    pub(crate) fn next(&mut self) -> u64 {
        // Any even spread will do; xorshift after Marsaglia.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn draw(&mut self, count: usize, alphabet: char) -> String {
        let letters: &[u8] = match alphabet {
            'w' => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            'h' => b"0123456789abcdef",
            'l' => b"0123456789abcdefghijklmnopqrstuvwxyz",
            'U' => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            'B' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            'b' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            'u' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
            'd' => b"0123456789",
            'c' => b"023456789ACDEFGHJKLMNPQRSTUVWXYZ",
            'a' => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
            other => panic!("no alphabet `{other}`"),
        };
        (0..count).map(|_| char::from(letters[(self.next() >> 20) as usize % letters.len()])).collect()
    }

    /// What a template says. `{sum}` is the checksum of what stands before it; other braces are braces.
    pub(crate) fn make(&mut self, template: &str) -> String {
        let template = template.replace("UUID", UUID);
        let mut out = String::new();
        let mut rest = template.as_str();
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            let inner = rest[open + 1..].split('}').next().unwrap_or_default();
            let count = inner.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            if inner == "sum" {
                let body = out.rsplit('_').next().unwrap_or_default().to_owned();
                out.extend(crc32_base62(body.as_bytes()).map(char::from));
            } else if let (Ok(count), [alphabet]) = (count.parse(), &inner.as_bytes()[count.len()..]) {
                out.push_str(&self.draw(count, char::from(*alphabet)));
            } else {
                out.push('{');
                rest = &rest[open + 1..];
                continue;
            }
            rest = &rest[open + inner.len() + 2..];
        }
        out + rest
    }
}

const UUID: &str = "{8h}-{4h}-{4h}-{4h}-{12h}";

/// For each rule, lines as people write them, in a file of any name or one that is given.
pub(crate) const PLANTED: &[(&str, &str)] = &[
    ("aws-access-key-id", "AWS_ACCESS_KEY_ID=AKIA{16B}"),
    ("aws-access-key-id", "  \"id\": \"ASIA{16B}\","),
    ("aws-secret-access-key", "aws_secret_access_key = {40b}"),
    ("aws-secret-access-key", "  secretAccessKey: '{40b}',"),
    ("aws-bedrock-api-key", "key = \"ABSK{110b}\""),
    (
        "gcp-service-account-key",
        r#"  "private_key": "-----BEGIN PRIVATE KEY-----\n{64b}\n{64b}\n{64b}\n{40b}==\n-----END PRIVATE KEY-----\n","#,
    ),
    ("google-api-key", "key=AIza{35w}"),
    ("google-oauth-client-secret", "\"client_secret\":\"GOCSPX-{28w}\""),
    ("google-oauth-access-token", "Authorization: Bearer ya29.{60w}"),
    (
        "azure-storage-key",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={86b}==;EndpointSuffix=core.windows.net",
    ),
    (
        "azure-shared-access-key",
        "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={43b}=",
    ),
    ("azure-sas-signature", "https://x.blob.core.windows.net/c?sv=2024-11-04&sp=r&sig={43w}%3D"),
    ("azure-client-secret", "client_secret = \"{3w}8Q~{34w}\""),
    ("azure-devops-token", "pat: {76w}AZDO{4w}"),
    ("github-token", "token = \"ghp_{30w}{sum}\""),
    ("github-token", "https://x-access-token:ghs_{30w}{sum}@github.com/a/b.git"),
    ("github-fine-grained-token", "GH_TOKEN=github_pat_{22w}_{59w}"),
    ("gitlab-token", "GITLAB_TOKEN=glpat-{20w}"),
    ("gitlab-token", "x: glpat-{27w}.{2h}.{9h}"),
    ("gitlab-runner-registration-token", "register --token GR1348941{20w}"),
    ("slack-token", "slack: xoxb-{12d}-{12d}-{24w}"),
    ("slack-token", "xoxe.xoxp-1-{146w}"),
    ("slack-app-token", "xapp-1-A{10U}-{13d}-{64h}"),
    ("slack-webhook", "https://hooks.slack.com/services/T{10U}/B{10U}/{24w}"),
    ("stripe-secret-key", "stripe.api_key = 'sk_live_{24w}'"),
    ("stripe-secret-key", "rk_test_{99w}"),
    ("webhook-signing-secret", "whsec_{32w}"),
    ("npm-token", "//registry.npmjs.org/:_authToken=npm_{30w}{sum}"),
    ("npm-legacy-token", "//registry.npmjs.org/:_authToken=UUID"),
    ("pypi-token", "password = pypi-AgEIcHlwaS5vcmc{120u}"),
    ("crates-io-token", "token = \"cio{32w}\""),
    ("rubygems-token", ":rubygems_api_key: rubygems_{48h}"),
    ("nuget-api-key", "nuget push -k oy2{43l}"),
    ("clojars-token", "CLOJARS_{60l}"),
    ("docker-token", "docker login -p dckr_pat_{27w}"),
    ("docker-registry-auth", "\"auth\": \"{40b}\""),
    ("digitalocean-token", "dop_v1_{64h}"),
    ("heroku-api-key", "HRKU-AA{58w}"),
    ("heroku-legacy-api-key", "HEROKU_API_KEY=UUID"),
    ("twilio-api-key", "sid = SK{32h}"),
    ("twilio-auth-token", "TWILIO_AUTH_TOKEN={32h}"),
    ("sendgrid-api-key", "SG.{22w}.{43w}"),
    ("mailgun-api-key", "key-{32h}"),
    ("mailchimp-api-key", "{32h}-us12"),
    ("brevo-api-key", "xkeysib-{64h}-{16w}"),
    ("openai-api-key", "OPENAI_API_KEY=sk-proj-{74w}T3BlbkFJ{74w}"),
    ("openai-api-key", "sk-{20w}T3BlbkFJ{20w}"),
    ("anthropic-api-key", "ANTHROPIC_API_KEY=sk-ant-api03-{93w}AA"),
    ("huggingface-token", "hf_{34w}"),
    ("groq-api-key", "gsk_{52w}"),
    ("xai-api-key", "xai-{80w}"),
    ("perplexity-api-key", "pplx-{48w}"),
    ("replicate-api-token", "r8_{37w}"),
    ("databricks-token", "DATABRICKS_TOKEN=dapi{32h}"),
    ("datadog-key", "DD_API_KEY={32h}"),
    ("datadog-key", "datadog_app_key: \"{40h}\""),
    ("new-relic-key", "NRAK-{27U}"),
    ("new-relic-key", "license_key: {36h}NRAL"),
    ("sentry-token", "sntryu_{64h}"),
    ("grafana-token", "glsa_{32w}_{8h}"),
    ("linear-token", "lin_api_{40w}"),
    ("notion-token", "ntn_{11d}{35w}"),
    ("airtable-token", "AIRTABLE_TOKEN=pat{14w}.{64h}"),
    ("atlassian-token", "ATATT3{180w}"),
    ("figma-token", "figd_{43w}"),
    ("postman-api-key", "PMAK-{24h}-{34h}"),
    ("shopify-token", "shpat_{32h}"),
    ("square-token", "sq0csp-{43w}"),
    ("telegram-bot-token", "bot = {9d}:AA{33w}"),
    ("discord-bot-token", "DISCORD_TOKEN=M{23w}.{6w}.{38w}"),
    ("discord-webhook", "https://discord.com/api/webhooks/{18d}/{68w}"),
    ("cloudflare-origin-ca-key", "v1.0-{24h}-{146h}"),
    ("cloudflare-api-token", "CLOUDFLARE_API_TOKEN={40w}"),
    ("vault-token", "VAULT_TOKEN=hvs.{90w}"),
    ("terraform-cloud-token", "token = \"{14w}.atlasv1.{67w}\""),
    ("pulumi-token", "pul-{40h}"),
    ("doppler-token", "dp.st.prd.{43w}"),
    ("planetscale-token", "pscale_tkn_{43w}"),
    ("supabase-key", "sbp_{40h}"),
    ("netlify-token", "nfp_{36w}"),
    ("fly-io-token", "fo1_{43w}"),
    ("tailscale-key", "tskey-auth-{11w}CNTRL-{32w}"),
    ("sonar-token", "sqp_{40h}"),
    ("dropbox-token", "sl.{130w}"),
    ("1password-service-account-token", "OP_SERVICE_ACCOUNT_TOKEN=ops_eyJ{300w}"),
    ("jwt", "eyJ{30w}.eyJ{60w}.{43w}"),
    ("private-key", "-----BEGIN RSA PRIVATE KEY-----\n{64b}\n{64b}\n-----END RSA PRIVATE KEY-----"),
    ("private-key", "-----BEGIN OPENSSH PRIVATE KEY-----\n{70b}\n{70b}\n-----END OPENSSH PRIVATE KEY-----"),
    ("private-key", "-----BEGIN PRIVATE KEY-----\n{64b}\n-----END PRIVATE KEY-----"),
    ("private-key", "key = \"-----BEGIN EC PRIVATE KEY-----\\n{64b}\\n{64b}\\n{32b}==\\n\""),
    (
        "private-key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,{32U}\n\n{64b}\n{64b}\n",
    ),
    ("private-key", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{64b}\n{64b}\n"),
    ("age-secret-key", "AGE-SECRET-KEY-1{58c}"),
    ("wireguard-private-key", "PrivateKey = {42b}A="),
    ("putty-private-key", "Private-Lines: 1\n{64b}\n"),
    ("url-with-password", "DATABASE_URL=postgres://svc:{14w}@db.internal.acme.com:5432/app"),
    ("url-with-password", "redis://:{20w}@cache.acme.io"),
    ("generic-secret", "api_key = \"{32h}\""),
    ("generic-secret", "  clientSecret: '{24w}7x',"),
    ("generic-secret", "config[\"auth_token\"] = \"{22w}9k\""),
    ("generic-secret-setting", ".env\nSESSION_SECRET={32w}4z"),
    ("generic-secret-setting", "deploy/values.yaml\n  apiKey: {24w}4z"),
    ("generic-password", "password = \"{10w}7!{6w}\""),
    ("generic-password", "'db_password' => '{12w}8#'"),
    ("generic-password-setting", "conf/app.properties\nspring.datasource.password={9w}7!x"),
];

/// Lines that are no secrets.
pub(crate) const DECOYS: &[(&str, &str)] = &[
    ("Cargo.lock", "checksum = \"{64h}\""),
    ("package-lock.json", "\"integrity\": \"sha512-{86b}==\","),
    ("yarn.lock", "  resolved \"https://registry.npmjs.org/a/-/a-1.0.0.tgz#{40h}\""),
    ("go.sum", "golang.org/x/crypto v0.1.0 h1:{43b}="),
    ("poetry.lock", "    {file = \"a.whl\", hash = \"sha256:{64h}\"},"),
    ("flake.lock", "        \"narHash\": \"sha256-{43b}=\","),
    ("a.env", "API_KEY=your-api-key-goes-here-123"),
    ("a.env", "API_KEY=${API_KEY_FROM_VAULT_2}"),
    ("a.env", "PASSWORD=changeme123456"),
    ("a.env", "SECRET_KEY=xxxxxxxxxxxxxxxxxxxxxxxx1"),
    ("a.yaml", "secret: projects/acme/secrets/db-password-1/versions/latest"),
    ("a.yaml", "secretName: app-tls-2024a-production"),
    ("a.yaml", "password: {{ .Values.db.password1 }}"),
    ("a.yaml", "token: ${{ secrets.GITHUB_TOKEN_2024 }}"),
    ("a.tf", "password = var.database_password_2"),
    ("a.md", "Set `AKIAIOSFODNN7EXAMPLE` and `wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`, the examples of AWS."),
    ("a.md", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("a.md", "GITHUB_TOKEN=ghp_{36w}"),
    ("a.rs", "let token = \"ghp_{36w}\";"),
    ("a.md", "//registry.npmjs.org/:_authToken=npm_{36w}"),
    ("a.md", "curl -H 'Authorization: token gho_16C7e42F292c6912E7710c838347Ae178B4a'"),
    ("a.rs", "/// Begins with `-----BEGIN PRIVATE KEY-----` and ends with `-----END PRIVATE KEY-----`."),
    ("a.pem", "-----BEGIN PUBLIC KEY-----\n{64b}\n{64b}\n-----END PUBLIC KEY-----"),
    ("a.pem", "-----BEGIN CERTIFICATE-----\n{64b}\n{64b}\n-----END CERTIFICATE-----"),
    ("a.md", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B...\n-----END PRIVATE KEY-----"),
    ("id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{44b} alice@example.org"),
    ("a.md", "postgres://user:password@host:5432/db and postgres://user:pw@host/db"),
    ("a.md", "mysql://root:{12w}@localhost:3306/app"),
    ("a.md", "https://alice:{12w}@example.com/"),
    ("a.md", "amqp://guest:guest@rabbit:5672"),
    ("a.js", "const url = `postgres://${user}:${password1}@${host}/db`;"),
    ("a.py", "url = 'postgres://{}:{}@{}'.format(user, password, host)"),
    (
        "a.md",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ),
    ("a.py", "password = getpass.getpass('Password: ')"),
    ("a.py", "password = os.environ['DB_PASSWORD_2']"),
    ("a.py", "token = request.headers['X-Token-2']"),
    ("a.js", "const token = 'access_token_v2';"),
    ("a.js", "password: 'correct horse battery staple 1'"),
    ("a.js", "<input type=\"password\" name=\"password2\" placeholder=\"Password1!\">"),
    ("a.rs", "const TOKEN_HEADER: &str = \"x-amz-security-token\";"),
    ("a.toml", "public_key = \"{64h}\""),
    ("a.json", "{\"key\": \"{40h}\", \"id\": \"{8h}-{4h}-{4h}-{4h}-{12h}\"}"),
    ("a.json", "\"publicKeyToken\": \"b77a5c561934e089\""),
    ("a.json", "\"cache_key\": \"build-{32h}\""),
    ("a.rs", "let api_key = \"test-{20w}1\";"),
    ("a.css", "background: url(data:image/png;base64,{600b}==)"),
    ("a.c", "{ 0x6a, 0x09, 0xe6, 0x67 } // task-{20w}, disk-{48w}"),
    ("a.md", "See https://github.com/a/b/commit/{40h} and sha256:{64h}."),
    ("a.yml", "uses: actions/checkout@{40h}"),
    ("a.rs", r"Regex::new(r#AKIA[0-9A-Z]{{16}}#), ghp_[A-Za-z0-9]{{36}}"),
    ("a.rs", "the quick brown key: \"The password of 2024 is not here, look elsewhere\""),
    ("a.toml", "token = \"$GITLAB_TOKEN_FOR_CI_2\""),
    ("a.txt", "output_sha256 = \"{64h}\"\nprev = [\"{64h}\"]\nevidence = \"{64h}\""),
    ("a.txt", "password_hash = \"$2b$12${53w}\""),
];
