import "./style/main.css";

import { render } from "preact";

import { App } from "./app.tsx";
import { askOtherTabs, takeKeysFromAddress } from "./session.ts";
import { comeBack } from "./sign_in/oidc.ts";

takeKeysFromAddress();
comeBack();
askOtherTabs();
render(<App />, document.body);
