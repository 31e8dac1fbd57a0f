@source:cypher/clauses/let
Feature: LET - new variables beside the others

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (:Product {name: 'Phone', price: 500}), (:Product {name: 'Coffee', price: 10})
      """

  Scenario: [1] A variable of an expression
    When executing query:
      """
      MATCH (p:Product) LET cheap = p.price < 100 RETURN p.name AS name, cheap
      """
    Then the result should be, in any order:
      | name     | cheap |
      | 'Phone'  | false |
      | 'Coffee' | true  |
    And no side effects

  Scenario: [2] Several variables at once
    When executing query:
      """
      MATCH (p:Product) LET name = p.name, price = p.price RETURN name, price ORDER BY price
      """
    Then the result should be, in order:
      | name     | price |
      | 'Coffee' | 10    |
      | 'Phone'  | 500   |
    And no side effects

  Scenario: [3] A later LET sees what an earlier one bound
    When executing query:
      """
      LET a = 1 LET b = a + 1 LET c = b * 10 RETURN a, b, c
      """
    Then the result should be, in any order:
      | a | b | c  |
      | 1 | 2 | 20 |
    And no side effects

  Scenario: [4] No variable goes out of scope
    When executing query:
      """
      MATCH (p:Product {name: 'Phone'}) LET x = 1 RETURN p.name, x
      """
    Then the result should be, in any order:
      | p.name  | x |
      | 'Phone' | 1 |
    And no side effects

  Scenario: [5] Another name of a node can be matched on
    Given having executed:
      """
      MATCH (p:Product {name: 'Phone'}) CREATE (p)-[:IN]->(:Shop {name: 'Bits'})
      """
    When executing query:
      """
      MATCH (p:Product) LET q = p MATCH (q)-[:IN]->(s) RETURN q.name, s.name
      """
    Then the result should be, in any order:
      | q.name  | s.name |
      | 'Phone' | 'Bits' |
    And no side effects

  @source:gql/14.7-let-statement
  Scenario: [6] Items of one LET do not see each other
    When executing query:
      """
      LET a = 1, b = a RETURN b
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  Scenario: [7] A variable is not bound again
    When executing query:
      """
      MATCH (p:Product) LET p = 1 RETURN p
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  Scenario: [8] Two items of one name
    When executing query:
      """
      LET a = 1, a = 2 RETURN a
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  Scenario: [9] Nothing is aggregated
    When executing query:
      """
      MATCH (p:Product) LET n = count(p) RETURN n
      """
    Then a SyntaxError should be raised at compile time: InvalidAggregation

  @source:opencypher/clause-order
  Scenario: [10] A query does not end in LET
    When executing query:
      """
      LET a = 1
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  Scenario: [11] WITH takes the variables of LET away
    When executing query:
      """
      LET a = 1 WITH 2 AS b RETURN a
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  @source:opencypher/names
  Scenario: [12] Words of new clauses stay names
    When executing query:
      """
      WITH 1 AS let, 2 AS filter, 3 AS finish, 4 AS offset, 5 AS insert
      RETURN let, filter, finish, offset, insert
      """
    Then the result should be, in any order:
      | let | filter | finish | offset | insert |
      | 1   | 2      | 3      | 4      | 5      |
    And no side effects
