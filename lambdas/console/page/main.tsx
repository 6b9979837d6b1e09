import "./style/main.css";

import { render } from "preact";

import { App } from "./app.tsx";
import { askOtherTabs, takeKeyFromAddress } from "./session.ts";

takeKeyFromAddress();
askOtherTabs();
render(<App />, document.body);
