import "./style/main.css";

import { render } from "preact";

import { App } from "./app.tsx";
import { askOtherTabs, takeKeyFromAddress } from "./session.ts";
import { comeBack } from "./sign_in/oidc.ts";

takeKeyFromAddress();
comeBack();
askOtherTabs();
render(<App />, document.body);
