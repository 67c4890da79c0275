import type { ReactNode } from "react";
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from "react-aria-components";
import "./tabs.css";

interface Props<Key extends string> {
  readonly label: string;
  readonly selected: Key;
  readonly onSelect: (key: Key) => void;
  readonly tabs: readonly { readonly key: Key; readonly name: string; readonly panel: ReactNode }[];
}

export function Tabs<Key extends string>({ label, selected, onSelect, tabs }: Props<Key>) {
  return (
    <AriaTabs selectedKey={selected} onSelectionChange={(key) => onSelect(key as Key)}>
      <TabList aria-label={label} className="tab-list">
        {tabs.map(({ key, name }) => (
          <Tab key={key} id={key} className="tab">
            {name}
          </Tab>
        ))}
      </TabList>
      {tabs.map(({ key, panel }) => (
        <TabPanel key={key} id={key} className="tab-panel">
          {panel}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
